import { Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  closeBatch,
  getBatch,
  noteBatch,
  openBatch,
  reserveBatch,
  sealBatch,
} from '../../ledger/batches.ts';
import { validateRequest } from '../../tasks/validate-request/validate-request.ts';
import { batchId, executionArn } from '../ledger/codes.ts';
import { startLedger, type TestLedger } from '../ledger/ledger-table.ts';
import { awsError } from './aws-error.ts';
import { monday } from './runs.ts';

const s3 = mockClient(S3Client);
const sfn = mockClient(SFNClient);
const canary = 'CANARY-Jane-Doe';
const sealed = batchId(1);
let table: TestLedger;

beforeAll(async () => {
  table = await startLedger();
  for (const number of [1, 3, 4, 5, 6, 7, 8]) {
    await noteBatch(table, batchId(number), monday);
    await sealBatch(table, batchId(number), monday);
  }
  await noteBatch(table, batchId(2), monday);
  for (const number of [3, 4, 6, 8]) {
    const run = { batchId: batchId(number), executionArn: executionArn(9), redrive: 0 };
    await openBatch(table, { ...run, pipeline: 'vitals-summary', objects: 1 }, monday);
    if (number === 4) await closeBatch(table, run, { state: 'SUCCEEDED' }, monday);
    if (number === 6 || number === 8)
      await closeBatch(table, run, { state: 'FAILED', reason: 'X' }, monday);
  }
});
afterAll(() => table.stop());
beforeEach(() => {
  s3.reset();
  sfn.reset();
  listingHas({ objects: 12 });
});

function listingHas(header: Record<string, unknown>): void {
  const line = JSON.stringify({ version: 1, study: 'czarhipaa', batchId: sealed, ...header });
  s3.on(GetObjectCommand).callsFake(() => ({ Body: Readable.from([Buffer.from(`${line}\n`)]) }));
}

const validate = (request: unknown, execution = 1) =>
  validateRequest(
    { request, executionArn: executionArn(execution) },
    {
      s3: new S3Client({}),
      sfn: new SFNClient({}),
      bucket: 'ancillary',
      table,
      study: 'czarhipaa',
      pipelines: ['vitals-summary', 'other-pipeline'],
      mostWorkers: 5,
      defaults: { tenancy: 'dedicated', instanceType: 'm7i.large' },
    },
  );

describe('Validate Request', () => {
  it('fills in what the request leaves out', async () => {
    const plan = await validate({ batchId: sealed, pipeline: 'vitals-summary' });

    expect(plan).toEqual({
      batchId: sealed,
      pipeline: 'vitals-summary',
      workers: 5,
      tenancy: 'dedicated',
      instanceType: 'm7i.large',
      maxSeconds: 14_400,
      tolerateFailedObjects: 0,
      retry: false,
    });
    expect(s3).toHaveReceivedCommandWith(GetObjectCommand, {
      Bucket: 'ancillary',
      Key: `listings/v1/czarhipaa/${sealed}`,
    });
  });

  it('takes what the request says', async () => {
    const plan = await validate({
      batchId: sealed,
      pipeline: 'other-pipeline',
      workers: 2,
      tenancy: 'default',
      instanceType: 'c7i.xlarge',
      maxMinutes: 5,
      tolerateFailedObjects: 3,
      ticket: 'HIP-12',
    });

    expect(plan).toMatchObject({ workers: 2, maxSeconds: 300, tolerateFailedObjects: 3 });
  });

  it('lets a batch that FAILED run again where the request says that it is a retry', async () => {
    listingHas({ objects: 12, batchId: batchId(6) });

    const plan = await validate({
      batchId: batchId(6),
      pipeline: 'vitals-summary',
      retry: true,
      tolerateFailedObjects: 2,
    });

    expect(plan).toMatchObject({ batchId: batchId(6), retry: true, tolerateFailedObjects: 2 });
  });

  it.each<[string, unknown, string]>([
    [
      'a batch that failed, where it is not called a retry',
      { batchId: batchId(6), pipeline: 'vitals-summary' },
      `batch ${batchId(6)} has run already and ended FAILED; to process what is not done, start it with "retry": true (czar retry does)`,
    ],
    [
      'a retry with another pipeline',
      { batchId: batchId(6), pipeline: 'other-pipeline', retry: true },
      `batch ${batchId(6)} was run with the pipeline vitals-summary, and can be retried with no other`,
    ],
    [
      'a retry of a batch that never ran',
      { batchId: sealed, pipeline: 'vitals-summary', retry: true },
      `batch ${sealed} has not run yet: start it without retry`,
    ],
    [
      'a retry of an unsealed batch',
      { batchId: batchId(2), pipeline: 'vitals-summary', retry: true },
      `batch ${batchId(2)} is not sealed: its upload has not ended`,
    ],
    [
      'a retry of a batch that is running',
      { batchId: batchId(3), pipeline: 'vitals-summary', retry: true },
      `batch ${batchId(3)} is running in another execution`,
    ],
    [
      'a retry of a batch that succeeded',
      { batchId: batchId(4), pipeline: 'vitals-summary', retry: true },
      `batch ${batchId(4)} has run already and ended SUCCEEDED`,
    ],
    [
      'a retry that is neither true nor false',
      { batchId: batchId(6), pipeline: 'vitals-summary', retry: canary },
      'retry must be true or false',
    ],
    [
      'an unknown field',
      { batchId: sealed, pipeline: 'vitals-summary', [canary]: 1 },
      'the request has an unknown field; its fields can be batchId, pipeline, workers, tenancy, instanceType, maxMinutes, tolerateFailedObjects, retry, ticket',
    ],
    ['no object', canary, 'the request must be a JSON object with the fields batchId and pipeline'],
    ['a missing field', { batchId: sealed }, 'pipeline is missing'],
    [
      'a wrong type',
      { batchId: sealed, pipeline: 'vitals-summary', workers: canary },
      'workers must be a whole number',
    ],
    [
      'half a worker',
      { batchId: sealed, pipeline: 'vitals-summary', workers: 1.5 },
      'workers must be a whole number',
    ],
    [
      'no worker',
      { batchId: sealed, pipeline: 'vitals-summary', workers: 0 },
      'workers must be at least 1',
    ],
    [
      'a batch id that is not minted',
      { batchId: canary, pipeline: 'vitals-summary' },
      'batchId must be a minted code of 9 letters',
    ],
    [
      'a mistyped batch id',
      {
        batchId: `${sealed.slice(0, 8)}${sealed.endsWith('b') ? 'c' : 'b'}`,
        pipeline: 'vitals-summary',
      },
      'batchId must be a minted code: its letters or check letter are wrong',
    ],
    [
      'a tenancy that does not exist',
      { batchId: sealed, pipeline: 'vitals-summary', tenancy: canary },
      'tenancy must be one of dedicated, default',
    ],
    [
      'an instance type that is none',
      { batchId: sealed, pipeline: 'vitals-summary', instanceType: canary },
      'instanceType must look like m7i.large',
    ],
    [
      'too long a time',
      { batchId: sealed, pipeline: 'vitals-summary', maxMinutes: 2000 },
      'maxMinutes must be at most 1440',
    ],
    [
      'a ticket with a name in it',
      { batchId: sealed, pipeline: 'vitals-summary', ticket: canary },
      'ticket must look like ABC-123',
    ],
    [
      'a pipeline that is not installed',
      { batchId: sealed, pipeline: 'jane-doe' },
      'pipeline must be one of vitals-summary, other-pipeline',
    ],
    [
      'more workers than the deployment has',
      { batchId: sealed, pipeline: 'vitals-summary', workers: 6 },
      'workers must be at most 5, got 6',
    ],
    [
      'an unknown batch',
      { batchId: batchId(99), pipeline: 'vitals-summary' },
      `batch ${batchId(99)} is unknown: nothing was uploaded to it`,
    ],
    [
      'an unsealed batch',
      { batchId: batchId(2), pipeline: 'vitals-summary' },
      `batch ${batchId(2)} is not sealed: its upload has not ended`,
    ],
    [
      'a batch that is running',
      { batchId: batchId(3), pipeline: 'vitals-summary' },
      `batch ${batchId(3)} is running in another execution`,
    ],
    [
      'a batch that has run',
      { batchId: batchId(4), pipeline: 'vitals-summary' },
      `batch ${batchId(4)} has run already and ended SUCCEEDED`,
    ],
  ])('refuses %s in one plain sentence that repeats no text', async (_, request, sentence) => {
    const refusal = await validate(request).catch((error: unknown) => error as Error);

    expect(refusal).toMatchObject({ name: 'RequestRefusedError', message: sentence });
    expect((refusal as Error).message).not.toMatch(/CANARY|jane/);
  });

  it('refuses a batch without objects', async () => {
    listingHas({ objects: 0 });

    await expect(validate({ batchId: sealed, pipeline: 'vitals-summary' })).rejects.toMatchObject({
      name: 'RequestRefusedError',
      message: `batch ${sealed} has no objects`,
    });
  });

  it('refuses a batch whose listing is missing, or of another batch', async () => {
    s3.on(GetObjectCommand).rejectsOnce(awsError('NoSuchKey', { status: 404 }));
    const missing = validate({ batchId: sealed, pipeline: 'vitals-summary' });
    await expect(missing).rejects.toMatchObject({
      name: 'RequestRefusedError',
      message: `batch ${sealed} cannot run: the batch has no listing`,
    });

    listingHas({ objects: 1, batchId: batchId(5) });
    await expect(validate({ batchId: sealed, pipeline: 'vitals-summary' })).rejects.toMatchObject({
      name: 'RequestRefusedError',
      message: `batch ${sealed} cannot run: the listing is of another study or batch`,
    });
  });

  describe('of two executions at once', () => {
    const request = { batchId: batchId(7), pipeline: 'vitals-summary' };
    const isTaken = {
      name: 'RequestRefusedError',
      message: `batch ${batchId(7)} is running in another execution`,
    };

    beforeEach(() => listingHas({ batchId: batchId(7), objects: 1 }));

    it('accepts one, however often it asks, and refuses the other', async () => {
      sfn.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });

      const ends = await Promise.allSettled([validate(request, 1), validate(request, 2)]);
      const first = ends[0].status === 'fulfilled' ? 1 : 2;
      const lost = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []));

      expect(lost).toMatchObject([isTaken]);
      await expect(validate(request, first)).resolves.toMatchObject({ batchId: batchId(7) });
      await expect(validate(request, 3)).rejects.toMatchObject(isTaken);
      expect((await getBatch(table, batchId(7)))?.reservedBy).toBe(executionArn(first));
    });

    it.each([
      ['FAILED', 10],
      ['ABORTED', 11],
      ['TIMED_OUT', 12],
      ['SUCCEEDED', 13],
    ] as const)('accepts the other where the first is over: %s', async (status, other) => {
      sfn.on(DescribeExecutionCommand).resolves({ status });

      await expect(validate(request, other)).resolves.toBeDefined();
      expect((await getBatch(table, batchId(7)))?.reservedBy).toBe(executionArn(other));
    });

    it('accepts the other where AWS has forgotten the first', async () => {
      sfn.on(DescribeExecutionCommand).rejects(awsError('ExecutionDoesNotExist'));

      await expect(validate(request, 20)).resolves.toBeDefined();
    });

    it('accepts a retry at once when the first has closed the batch, though it still runs', async () => {
      listingHas({ batchId: batchId(8), objects: 1 });
      await reserveBatch(table, { batchId: batchId(8), executionArn: executionArn(9) }, undefined);

      const plan = await validate({ ...request, batchId: batchId(8), retry: true }, 21);

      expect(plan).toMatchObject({ retry: true });
      expect(sfn).not.toHaveReceivedAnyCommand();
    });

    it('refuses a request without having reserved anything', async () => {
      const before = await getBatch(table, batchId(7));

      await expect(validate({ ...request, workers: 6 }, 22)).rejects.toBeDefined();

      expect(await getBatch(table, batchId(7))).toEqual(before);
    });
  });

  it('does not take a failure of AWS for a refusal', async () => {
    s3.on(GetObjectCommand).rejects(awsError('SlowDown', { status: 503, fault: 'server' }));

    await expect(validate({ batchId: sealed, pipeline: 'vitals-summary' })).rejects.toMatchObject({
      name: 'SlowDown',
    });
  });
});
