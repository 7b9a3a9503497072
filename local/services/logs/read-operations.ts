import * as z from 'zod';
import { ApiError, type Call } from '../../api.ts';
import { readInput } from '../../read-input.ts';
import type { LogFiles } from './log-files.ts';

const milliseconds = z.int().min(0);
const Token = z.string().regex(/^\d{1,15}$/);

/** No pattern, and no choice of streams: what reads logs here reads all of a time. */
const FilterLogEventsInput = z.strictObject({
  logGroupName: z.string().min(1).max(512),
  /** Both ends are in it. */
  startTime: milliseconds.optional(),
  endTime: milliseconds.optional(),
  limit: z.int().min(1).max(10_000).default(10_000),
  nextToken: Token.optional(),
});

const DescribeLogGroupsInput = z.strictObject({
  logGroupNamePrefix: z.string().min(1).max(512).optional(),
  limit: z.int().min(1).max(50).default(50),
  nextToken: Token.optional(),
});

/** What reads logs: by whom they are kept, and which groups the templates declared. */
export interface ReadableLogs {
  readonly files: LogFiles;
  readonly declared: ReadonlySet<string>;
  readonly arn: (group: string) => string;
}

type Body = Readonly<Record<string, unknown>>;

/** One operation: reads its input, asks the policies, answers the body. */
export type ReadOperation = (input: unknown, call: Call) => Promise<Body>;

/** The operations that read. Nothing else is callable: what writes logs here is in this process. */
export function readOperations(logs: ReadableLogs): ReadonlyMap<string, ReadOperation> {
  return new Map<string, ReadOperation>([
    ['DescribeLogGroups', (input, call) => describeLogGroups(logs, input, call)],
    ['FilterLogEvents', (input, call) => filterLogEvents(logs, input, call)],
  ]);
}

async function describeLogGroups(
  { files, declared, arn }: ReadableLogs,
  input: unknown,
  call: Call,
): Promise<Body> {
  const operation = 'DescribeLogGroups';
  const { logGroupNamePrefix = '', ...page } = read(operation, DescribeLogGroupsInput, input);
  call.authorize({ action: `logs:${operation}`, resource: arn('*') });
  const names = [...new Set([...declared, ...(await files.groups())])]
    .filter((name) => name.startsWith(logGroupNamePrefix))
    .toSorted();
  const { shown, ...rest } = pageOf(names, page);
  return {
    logGroups: shown.map((logGroupName) => ({ logGroupName, arn: `${arn(logGroupName)}:*` })),
    ...rest,
  };
}

async function filterLogEvents(
  { files, declared, arn }: ReadableLogs,
  input: unknown,
  call: Call,
): Promise<Body> {
  const operation = 'FilterLogEvents';
  const { logGroupName, startTime, endTime, ...page } = read(
    operation,
    FilterLogEventsInput,
    input,
  );
  call.record({
    eventName: operation,
    readOnly: true,
    dataEvent: true,
    requestParameters: { logGroupName },
  });
  call.authorize({ action: `logs:${operation}`, resource: `${arn(logGroupName)}:*` });
  if (!declared.has(logGroupName) && !(await files.groups()).includes(logGroupName)) {
    throw new ApiError('ResourceNotFoundException', 'The specified log group does not exist.');
  }
  const found = [];
  for await (const { stream, time, message } of files.read(logGroupName)) {
    const timestamp = time.getTime();
    if (timestamp < (startTime ?? 0) || timestamp > (endTime ?? Infinity)) continue;
    found.push({
      logStreamName: stream,
      timestamp,
      ingestionTime: timestamp,
      message,
      eventId: String(found.length),
    });
  }
  const inTurn = found.toSorted((a, b) => a.timestamp - b.timestamp);
  const { shown, ...rest } = pageOf(inTurn, page);
  return { events: shown, searchedLogStreams: [], ...rest };
}

function read<Schema extends z.ZodType>(operation: string, schema: Schema, input: unknown) {
  const invalidCode = 'InvalidParameterException';
  return readInput({ service: 'CloudWatch Logs', operation, invalidCode }, schema, input);
}

function pageOf<T>(
  items: readonly T[],
  { limit, nextToken = '0' }: { readonly limit: number; readonly nextToken?: string | undefined },
): { readonly shown: T[]; readonly nextToken?: string } {
  const start = Number(nextToken);
  const end = start + limit;
  return {
    shown: items.slice(start, end),
    ...(items.length > end && { nextToken: String(end) }),
  };
}
