import { describe, expect, it } from 'vitest';
import { createCloudwatchService } from '../../../../local/services/cloudwatch/cloudwatch-service.ts';

const alarm = {
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  EvaluationPeriods: 1,
  MetricName: 'Errors',
  Namespace: 'AWS/Lambda',
  Period: 300,
  Statistic: 'Sum',
  Threshold: 1,
};
const [handler] = createCloudwatchService({ region: 'us-east-1', accountId: '1' }).resources;
const declare = (properties: Record<string, unknown>) =>
  handler?.create({
    stack: 'Batch',
    logicalId: 'SweepFailed',
    type: 'AWS::CloudWatch::Alarm',
    properties,
    tags: {},
  });

describe('the embedded CloudWatch', () => {
  it('notes an alarm under the name of its stack and id', () => {
    const created = declare(alarm);

    expect(created).toMatchObject({ ref: 'Batch-SweepFailed' });
  });

  it('refuses a property by name that it does not know', () => {
    expect(() => declare({ ...alarm, Metrics: [] })).toThrow(/SweepFailed.*Metrics/);
  });
});
