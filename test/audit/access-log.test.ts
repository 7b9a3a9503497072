import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AccessRecord } from '../../audit/access/access-record.ts';
import { principalOf } from '../../audit/access/principal.ts';
import { readCloudTrailFiles, readJsonLines } from '../../audit/access/read-access-log.ts';
import { RunCalls } from '../../audit/access/run-calls.ts';

const call = (eventName: string, changes: object = {}): AccessRecord => ({
  eventTime: '2026-03-02T08:00:00Z',
  eventSource: 'kms.amazonaws.com',
  eventName,
  userIdentity: {
    type: 'AssumedRole',
    arn: 'arn:aws:sts::111122223333:assumed-role/czarhipaa-Data-Worker/i-0123456789abcdef0',
  },
  requestParameters: null,
  responseElements: null,
  ...changes,
});

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'czar-access-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

it('reads the same records from lines of JSON and from files of CloudTrail', async () => {
  const records = [call('Decrypt'), call('RevokeGrant'), call('CreateGrant')];
  const lines = await file(
    'log.jsonl',
    records.map((each) => `${JSON.stringify(each)}\n`).join(''),
  );
  const delivered = (part: AccessRecord[]) => gzipSync(JSON.stringify({ Records: part }));
  const one = await file('1.json.gz', delivered(records.slice(0, 2)));
  const two = await file('2.json.gz', delivered(records.slice(2)));

  expect(await Array.fromAsync(readJsonLines(lines))).toEqual(records);
  expect(await Array.fromAsync(readCloudTrailFiles([one, two]))).toEqual(records);
});

it('says where a log is broken, and nothing of what stands there', async () => {
  const broken = await file(
    'broken.jsonl',
    `${JSON.stringify(call('Decrypt'))}\n{"eventTime": Jane\n`,
  );
  const odd = await file('odd.json.gz', gzipSync('{"records": "Jane"}'));
  const timeless = await file(
    'timeless.jsonl',
    JSON.stringify(call('Decrypt', { eventTime: 'Jane' })),
  );

  await expect(Array.fromAsync(readJsonLines(broken))).rejects.toThrow(
    /^line 2 of the access log is no JSON$/,
  );
  await expect(Array.fromAsync(readCloudTrailFiles([odd]))).rejects.toThrow(
    /^file 1 of CloudTrail's has no Records$/,
  );
  await expect(Array.fromAsync(readJsonLines(timeless))).rejects.toThrow(
    /^line 1 of the access log cannot be read: eventTime$/,
  );
});

it.each([
  ['czarhipaa-operator/jo', { kind: 'person', name: 'czarhipaa-operator', session: 'jo' }],
  [
    'czarhipaa-Batch-Lifecycle/56ba15637e32',
    { kind: 'state machine', name: 'czarhipaa-Batch-Lifecycle' },
  ],
  [
    'czarhipaa-Batch-Sweep/czarhipaa-Batch-Sweep-1',
    { kind: 'function', name: 'czarhipaa-Batch-Sweep' },
  ],
  ['Admin/jo', { kind: 'other', name: 'Admin', session: 'jo' }],
])('knows the principal %s', (session, principal) => {
  const arn = `arn:aws:sts::111122223333:assumed-role/${session}`;

  expect(
    principalOf(call('Decrypt', { userIdentity: { type: 'AssumedRole', arn } }), 'czarhipaa'),
  ).toEqual(principal);
});

it('knows the state machine on AWS by the service that called for it', () => {
  const arn = 'arn:aws:sts::111122223333:assumed-role/czarhipaa-Batch-Lifecycle/qWxYzAbCdEf';
  const userIdentity = { type: 'AssumedRole', arn, invokedBy: 'states.amazonaws.com' };

  expect(principalOf(call('Invoke', { userIdentity }), 'czarhipaa').kind).toBe('state machine');
});

it('knows what is of the run whatever the order of the records, and counts denied calls apart', () => {
  const executionArn = 'arn:aws:states:us-east-1:111122223333:execution:czarhipaa-batch:run-1';
  const context = { encryptionContext: { batch: 'zwgkvnmvv', kind: 'input' } };
  const calls = new RunCalls({ study: 'czarhipaa', executionArn, batchId: 'zwgkvnmvv' });

  calls.take(
    call('RevokeGrant', {
      requestParameters: { grantId: 'g1' },
      eventTime: '2026-03-02T09:00:00Z',
    }),
  );
  calls.take(call('Decrypt', { requestParameters: context }));
  calls.take(call('Decrypt', { requestParameters: context, errorCode: 'AccessDenied' }));
  calls.take(
    call('Decrypt', {
      requestParameters: { encryptionContext: { batch: 'other', kind: 'input' } },
    }),
  );
  calls.take(
    call('CreateGrant', {
      requestParameters: {
        granteePrincipal: 'arn:aws:sts::111122223333:assumed-role/W/i-0123456789abcdef0',
        operations: ['Decrypt'],
        constraints: { encryptionContextSubset: { batch: 'zwgkvnmvv' } },
      },
      responseElements: { grantId: 'g1' },
    }),
  );

  expect(calls.records).toBe(5);
  expect([...calls.keyUses.values()]).toMatchObject([
    { operation: 'Decrypt', times: 1, denied: 1 },
  ]);
  expect(calls.grants).toMatchObject([{ grantId: 'g1', grantee: 'i-0123456789abcdef0' }]);
  expect(calls.endOf('g1')?.at).toBe('2026-03-02T09:00:00Z');
  expect(calls.denied).toMatchObject([{ call: 'kms:Decrypt' }]);
});
