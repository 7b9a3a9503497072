import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import type { ResourceHandler, Service, Surroundings } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';
import { parseBody, unsupported } from '../../read-input.ts';
import { LogFiles } from './log-files.ts';
import { readOperations } from './read-operations.ts';

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

const targetPrefix = 'Logs_20140328.';

/**
 * Creates CloudWatch Logs. Of its API, what reads is callable: what writes logs here is in the same
 * process.
 */
export function createLogsService({
  region,
  accountId,
  directory,
}: Pick<Surroundings, 'region' | 'accountId' | 'directory'>): LogsService {
  const files = new LogFiles(join(directory, 'logs'));
  const declared = new Set<string>();
  const arn = (group: string) => `arn:aws:logs:${region}:${accountId}:log-group:${group}`;
  const operations = readOperations({ files, declared, arn });
  const logGroup: ResourceHandler = {
    type: 'AWS::Logs::LogGroup',
    create: (resource) => {
      const { LogGroupName } = readProperties(LogGroupProperties, resource);
      const name = LogGroupName ?? `${resource.stack}-${resource.logicalId}`;
      declared.add(name);
      return { ref: name, attributes: { Arn: `${arn(name)}:*` } };
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
    async handle(request, call) {
      const target = request.headers['x-amz-target'];
      const name = typeof target === 'string' ? target.replace(targetPrefix, '') : '';
      call.record({ eventName: name, readOnly: true });
      const operation = operations.get(name);
      if (operation === undefined) throw unsupported('CloudWatch Logs', name);
      const body = await operation(parseBody(await text(request.body)), call);
      return {
        status: 200,
        headers: { 'content-type': 'application/x-amz-json-1.1' },
        body: JSON.stringify(body),
      };
    },
  };
}
