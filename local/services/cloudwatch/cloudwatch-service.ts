import * as z from 'zod';
import { ApiError, type Service, type Surroundings } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';

/** What our alarms say. They are noted and never ring: no metric is kept here. */
const AlarmProperties = z.strictObject({
  AlarmDescription: z.string().optional(),
  AlarmActions: z.array(z.string()).optional(),
  ComparisonOperator: z.string(),
  Dimensions: z.array(z.strictObject({ Name: z.string(), Value: z.string() })).optional(),
  EvaluationPeriods: z.number(),
  MetricName: z.string(),
  Namespace: z.string(),
  Period: z.number(),
  Statistic: z.string(),
  Tags: z.unknown().optional(),
  Threshold: z.number(),
  TreatMissingData: z.string().optional(),
});

/** Creates CloudWatch, of which the embedded cloud has alarms by name only. Its API is not callable. */
export function createCloudwatchService({
  region,
  accountId,
}: Pick<Surroundings, 'region' | 'accountId'>): Service {
  return {
    signingName: 'monitoring',
    protocol: 'query',
    resources: [
      {
        type: 'AWS::CloudWatch::Alarm',
        create(resource) {
          readProperties(AlarmProperties, resource);
          const ref = `${resource.stack}-${resource.logicalId}`;
          return {
            ref,
            attributes: { Arn: `arn:aws:cloudwatch:${region}:${accountId}:alarm:${ref}` },
          };
        },
      },
    ],
    handle: () =>
      Promise.reject(
        new ApiError(
          'UnsupportedOperation',
          'CloudWatch is not callable in the embedded cloud.',
          501,
        ),
      ),
  };
}
