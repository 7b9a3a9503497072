import { createHash } from 'node:crypto';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  DescribeStateMachineForExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyOpened } from '../../audit/verify/verify-bundle.ts';
import { getBatch, noteBatch, openBatch, sealBatch } from '../../ledger/batches.ts';
import { writeEvidence } from '../../tasks/write-evidence/write-evidence.ts';
import { executionHash } from '../../workflow/model/names.ts';
import { readScene, type SceneName } from '../audit/scenes/read-scene.ts';
import { startLedger, type TestLedger } from '../ledger/ledger-table.ts';
import { localSigner } from '../support/local-signer.ts';
import { awsError } from './aws-error.ts';
import { monday } from './runs.ts';

const s3 = mockClient(S3Client);
const sfn = mockClient(SFNClient);
const executionArn = 'arn:aws:states:us-east-1:111122223333:execution:czarhipaa-batch:recorded';

let ledger: TestLedger;
let batchId: string;

beforeEach(async () => {
  ledger = await startLedger();
  for (const mock of [s3, sfn]) mock.reset();
});

afterEach(() => ledger.stop());

/** Has Step Functions tell a recorded run, and puts its batch into the ledger. */
async function tell(name: SceneName, execution: Record<string, unknown> = {}): Promise<void> {
  const { events, definition, record } = await readScene(name);
  batchId = record.request.batchId!;
  sfn.on(DescribeExecutionCommand).resolves({
    stateMachineArn: record.execution.stateMachineArn,
    status: record.execution.status as 'FAILED',
    startDate: new Date(record.execution.started),
    stopDate: new Date(record.execution.ended!),
    redriveCount: record.execution.redrives,
    input: JSON.stringify({ batchId }),
    ...execution,
  });
  sfn.on(DescribeStateMachineForExecutionCommand).resolves({
    definition: JSON.stringify(definition),
  });
  sfn.on(GetExecutionHistoryCommand).resolves({
    events: events.map((event) => ({
      ...event,
      timestamp: new Date(String(event.timestamp)),
    })) as never,
  });
  await noteBatch(ledger, batchId, monday);
  await sealBatch(ledger, batchId, monday);
  const opening = { batchId, executionArn, redrive: 0, pipeline: 'vitals-summary', objects: 1 };
  await openBatch(ledger, opening, monday);
}

const write = (input: { redrive?: number } = { redrive: 0 }) =>
  writeEvidence(
    { executionArn, ...input },
    {
      s3: new S3Client({}),
      sfn: new SFNClient({}),
      ledger,
      signer: localSigner(),
      study: 'czarhipaa',
      bucket: 'log',
      now: () => monday,
    },
  );

const puts = () => s3.commandCalls(PutObjectCommand).map(({ args }) => args[0].input);
const noted = async () => (await getBatch(ledger, batchId))?.evidence;

describe('Write Evidence', () => {
  it('stores a bundle that verifies under the name of its run, where there is none', async () => {
    await tell('failed');

    const output = await write();

    const [put] = puts();
    const zip = put?.Body as Uint8Array;
    const hash = executionHash(executionArn);
    const key = `evidence/v1/czarhipaa/${batchId}/${hash}-0.zip`;
    expect(put).toMatchObject({ Bucket: 'log', Key: key, IfNoneMatch: '*' });
    expect(verifyOpened({ container: 'zip', bytes: zip }).passed).toBe(true);
    expect(output).toEqual({
      batchId,
      executionHash: hash,
      redrive: 0,
      outcome: 'written',
      sizeBytes: zip.length,
    });
    expect(await noted()).toEqual({
      key,
      sizeBytes: zip.length,
      sha256: createHash('sha256').update(zip).digest('hex'),
      notedAt: monday.toISOString(),
    });
  });

  it('notes what is there already, and claims no digest of what it did not store', async () => {
    await tell('failed');
    s3.on(PutObjectCommand).rejects(awsError('PreconditionFailed', { status: 412 }));

    const output = await write();

    expect(output.outcome).toBe('exists');
    expect(await noted()).toEqual({
      key: expect.stringContaining(batchId) as string,
      notedAt: monday.toISOString(),
    });
  });

  it('keeps the first note', async () => {
    await tell('failed');
    await write();
    const first = await noted();
    s3.on(PutObjectCommand).rejects(awsError('PreconditionFailed', { status: 412 }));

    await write();

    expect(await noted()).toEqual(first);
  });

  it('is called again where another call is just writing', async () => {
    await tell('failed');
    s3.on(PutObjectCommand).rejects(awsError('ConditionalRequestConflict', { status: 409 }));

    await expect(write()).rejects.toMatchObject({ code: 'AwsUnavailableError' });
    expect(await noted()).toBeUndefined();
  });

  it('notes nothing where S3 did not take it', async () => {
    await tell('failed');
    s3.on(PutObjectCommand).rejects(awsError('AccessDenied', { status: 403 }));

    await expect(write()).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(await noted()).toBeUndefined();
  });

  it('lets an execution be that runs', async () => {
    await tell('failed', { status: 'RUNNING', stopDate: undefined });

    expect((await write()).outcome).toBe('running');
    expect(puts()).toEqual([]);
  });

  it('leaves a run that was redriven since to the evidence of the next end', async () => {
    await tell('redriven');

    expect((await write()).outcome).toBe('redriven');
    expect(puts()).toEqual([]);
  });

  it('writes for the last end where none is named', async () => {
    await tell('redriven');

    const output = await write({});

    expect(output).toMatchObject({ outcome: 'written', redrive: 1 });
    expect(puts()[0]?.Key).toMatch(/-1\.zip$/);
    expect(await noted()).toMatchObject({ key: puts()[0]?.Key });
  });

  it('waits for Step Functions to tell all of what is written once', async () => {
    await tell('failed');
    const { events } = await readScene('failed');
    sfn.on(GetExecutionHistoryCommand).resolves({
      events: events.slice(0, -1).map((event) => ({
        ...event,
        timestamp: new Date(String(event.timestamp)),
      })) as never,
    });

    await expect(write()).rejects.toMatchObject({ code: 'AwsUnavailableError' });
    await expect(write({ redrive: 1 })).rejects.toMatchObject({ code: 'AwsUnavailableError' });
    expect(puts()).toEqual([]);
  });

  it('has evidence of a request that named no batch', async () => {
    await tell('refused', { input: 'CANARY Jane Doe' });

    const output = await write();

    expect(output.batchId).toBeUndefined();
    expect(puts()[0]?.Key).toMatch(/^evidence\/v1\/czarhipaa\/none\//);
    expect(Buffer.from(puts()[0]?.Body as Uint8Array).toString('latin1')).not.toMatch(/jane/i);
    expect(await noted()).toBeUndefined();
  });
});
