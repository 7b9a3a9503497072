import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Access, ApiError, type Call } from '../../../../local/api.ts';
import {
  createLogsService,
  type LogsService,
} from '../../../../local/services/logs/logs-service.ts';

let directory: string;
let service: LogsService;
let accesses: Access[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logs-'));
  service = createLogsService({ region: 'us-east-1', accountId: '111122223333', directory });
  accesses = [];
  await service.resources[0]!.create({
    stack: 'czarhipaa-Batch',
    logicalId: 'EmptyLogs',
    type: 'AWS::Logs::LogGroup',
    properties: {},
    tags: {},
  });
});

afterEach(async () => {
  await service.stop?.();
  await rm(directory, { recursive: true, force: true });
});

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 23, 8, 0, second));

async function ask(operation: string, input: object, deny = false) {
  const call = {
    record: () => undefined,
    authorize(access: Access) {
      accesses.push(access);
      if (deny) throw new ApiError('AccessDeniedException', 'no', 400);
    },
  } as unknown as Call;
  const { body } = await service.handle(
    {
      method: 'POST',
      url: new URL('http://127.0.0.1/'),
      headers: { 'x-amz-target': `Logs_20140328.${operation}` },
      body: Readable.from([JSON.stringify(input)]),
    },
    call,
  );
  return JSON.parse(body as string) as {
    readonly events: { logStreamName: string; timestamp: number; message: string }[];
    readonly logGroups: { logGroupName: string }[];
    readonly nextToken?: string;
  };
}

it('answers what was logged in a time, over all streams, in its order', async () => {
  service.append('czarhipaa-Batch-Logs', 'b', 'second', at(2));
  service.append('czarhipaa-Batch-Logs', 'b', 'fourth\n  at line two', at(4));
  service.append('czarhipaa-Batch-Logs', 'a', 'first', at(1));
  service.append('czarhipaa-Batch-Logs', 'a', 'third', at(3));
  service.append('czarhipaa-Batch-Other', 'a', 'other', at(3));

  const { events, nextToken } = await ask('FilterLogEvents', {
    logGroupName: 'czarhipaa-Batch-Logs',
    startTime: at(2).getTime(),
    endTime: at(4).getTime(),
  });

  expect(events.map(({ logStreamName, message }) => [logStreamName, message])).toEqual([
    ['b', 'second'],
    ['a', 'third'],
    ['b', 'fourth\n  at line two'],
  ]);
  expect(nextToken).toBeUndefined();
  expect(accesses).toEqual([
    {
      action: 'logs:FilterLogEvents',
      resource: 'arn:aws:logs:us-east-1:111122223333:log-group:czarhipaa-Batch-Logs:*',
    },
  ]);
});

it('pages: no event is left out, none comes twice', async () => {
  for (let second = 0; second < 5; second += 1) service.append('g', 's', `${second}`, at(second));
  const told: string[] = [];

  let nextToken: string | undefined;
  do {
    const input = { logGroupName: 'g', limit: 2, ...(nextToken !== undefined && { nextToken }) };
    const page = await ask('FilterLogEvents', input);
    told.push(...page.events.map(({ message }) => message));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);

  expect(told).toEqual(['0', '1', '2', '3', '4']);
});

it('lists groups by prefix: declared ones without a line, and others with one', async () => {
  service.append('czarhipaa-Batch-Logs', 's', 'line', at(1));
  service.append('another', 's', 'line', at(1));

  const { logGroups } = await ask('DescribeLogGroups', { logGroupNamePrefix: 'czarhipaa-Batch-' });

  expect(logGroups.map(({ logGroupName }) => logGroupName)).toEqual([
    'czarhipaa-Batch-EmptyLogs',
    'czarhipaa-Batch-Logs',
  ]);
});

it('tells nothing to whom the policies do not allow it', async () => {
  service.append('g', 's', 'line', at(1));

  await expect(ask('FilterLogEvents', { logGroupName: 'g' }, true)).rejects.toThrow('no');
  await expect(ask('DescribeLogGroups', {}, true)).rejects.toThrow('no');
});

it('refuses a group that is not there, and what it does not support, by name', async () => {
  await expect(ask('FilterLogEvents', { logGroupName: 'none' })).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
  });
  await expect(
    ask('FilterLogEvents', { logGroupName: 'g', filterPattern: 'ERROR' }),
  ).rejects.toThrow('FilterLogEvents: parameter filterPattern is not supported');
  await expect(ask('PutLogEvents', {})).rejects.toThrow('PutLogEvents is not supported');
});
