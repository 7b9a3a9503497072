import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createLogsService,
  type LogsService,
} from '../../../../local/services/logs/logs-service.ts';

let directory: string;
let service: LogsService;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logs-'));
  service = createLogsService({ region: 'us-east-1', accountId: '111122223333', directory });
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const declare = (properties: Record<string, unknown>, type = 'AWS::Logs::LogGroup') =>
  service.resources
    .find((handler) => handler.type === type)!
    .create({ stack: 'Batch', logicalId: 'Logs', type, properties, tags: {} });

describe('a metric filter', () => {
  const filter = {
    FilterPattern: '{ $.outlived > 0 }',
    LogGroupName: 'Batch-Logs',
    MetricTransformations: [
      { MetricName: 'Outlived', MetricNamespace: 'czarhipaa', MetricValue: '$.outlived' },
    ],
  };

  it('is noted, and refused by name where it says more than is known', async () => {
    const declareFilter = (more: object) =>
      declare({ ...filter, ...more }, 'AWS::Logs::MetricFilter');

    expect(await declareFilter({})).toEqual({ ref: 'Batch-Logs' });
    expect(() => declareFilter({ ApplyOnTransformedLogs: true })).toThrow(
      /ApplyOnTransformedLogs is not supported/,
    );
  });
});

describe('a log group', () => {
  it('has the ARN that templates refer to', async () => {
    expect(await declare({ RetentionInDays: 365, KmsKeyId: 'arn' })).toEqual({
      ref: 'Batch-Logs',
      attributes: { Arn: 'arn:aws:logs:us-east-1:111122223333:log-group:Batch-Logs:*' },
    });
    expect(() => declare({ DataProtectionPolicy: {} })).toThrow(
      /DataProtectionPolicy is not supported/,
    );
  });
});

describe('a log stream', () => {
  it('is a file whose path no name can lead astray', async () => {
    const time = new Date('2026-03-01T12:00:00.000Z');

    service.append('/aws/lambda/open', '2026/03/01/[$LATEST]abc', 'first\n', time);
    service.append('/aws/lambda/open', '2026/03/01/[$LATEST]abc', 'second', time);
    service.append('..', '..', 'third', time);
    await service.stop?.();

    const path = join(
      service.directory,
      '%2Faws%2Flambda%2Fopen',
      `${encodeURIComponent('2026/03/01/[$LATEST]abc')}.log`,
    );
    expect(await readFile(path, 'utf8')).toBe(
      '2026-03-01T12:00:00.000Z first\n2026-03-01T12:00:00.000Z second\n',
    );
    expect(await readFile(join(service.directory, '%2E.', '%2E..log'), 'utf8')).toContain('third');
  });
});
