import { join } from 'node:path';
import * as z from 'zod';
import { ApiError, type ResourceHandler, type Service, type Surroundings } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';
import { LogFiles } from './log-files.ts';

/** CloudWatch Logs: where the output of functions goes. */
export interface LogsService extends Service {
  /** The folder that holds a folder per log group. */
  readonly directory: string;
  /** Appends one message to a stream of a group, whether or not a template declares the group. */
  append(group: string, stream: string, message: string, time: Date): void;
}

/** Retention, key and class are noted and without effect: the logs last as long as the cloud's folder. */
const LogGroupProperties = z.strictObject({
  LogGroupName: z.string().optional(),
  RetentionInDays: z.coerce.number().optional(),
  KmsKeyId: z.string().optional(),
  LogGroupClass: z.string().optional(),
  Tags: z.unknown().optional(),
});

/** Noted and without effect: no metric is kept here, and so no alarm rings. */
const MetricFilterProperties = z.strictObject({
  FilterPattern: z.string(),
  LogGroupName: z.string(),
  MetricTransformations: z
    .array(
      z.strictObject({
        MetricName: z.string(),
        MetricNamespace: z.string(),
        MetricValue: z.string(),
      }),
    )
    .length(1),
});

/** Creates CloudWatch Logs. Its API is not callable: what writes logs here is in the same process. */
export function createLogsService({
  region,
  accountId,
  directory,
}: Pick<Surroundings, 'region' | 'accountId' | 'directory'>): LogsService {
  const files = new LogFiles(join(directory, 'logs'));
  const logGroup: ResourceHandler = {
    type: 'AWS::Logs::LogGroup',
    create: (resource) => {
      const { LogGroupName } = readProperties(LogGroupProperties, resource);
      const name = LogGroupName ?? `${resource.stack}-${resource.logicalId}`;
      return {
        ref: name,
        attributes: { Arn: `arn:aws:logs:${region}:${accountId}:log-group:${name}:*` },
      };
    },
  };
  const metricFilter: ResourceHandler = {
    type: 'AWS::Logs::MetricFilter',
    create: (resource) => {
      readProperties(MetricFilterProperties, resource);
      return { ref: `${resource.stack}-${resource.logicalId}` };
    },
  };
  return {
    signingName: 'logs',
    protocol: 'json',
    resources: [logGroup, metricFilter],
    directory: files.directory,
    append: (group, stream, message, time) => files.append(group, stream, message, time),
    stop: () => files.close(),
    handle: () =>
      Promise.reject(
        new ApiError(
          'UnsupportedOperation',
          'CloudWatch Logs is not callable in the embedded cloud.',
          501,
        ),
      ),
  };
}
