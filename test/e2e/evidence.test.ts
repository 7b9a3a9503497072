import { createHash } from 'node:crypto';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { RedriveExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../../local/api.ts';
import { getBatch } from '../../ledger/batches.ts';
import { personRoles } from '../../local/run/local-state.ts';
import { manifestKey } from '../../workflow/model/keys.ts';
import { executionHash } from '../../workflow/model/names.ts';
import { craftBatch, visitRows, visitsText } from './support/craft-batch.ts';
import { readEvidence, type StoredBundle } from './support/read-evidence.ts';
import { readAccessLog } from './support/read-access-log.ts';
import { readSweeps } from './support/read-sweeps.ts';
import { type BatchEnd, ended, runBatch, sealed, start, until } from './support/run-batch.ts';
import { settled } from './support/settle.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';

const canary = 'Zebedee Quagmire';

/** An execution, and the batch that its request named. */
type Asked = Pick<BatchEnd, 'executionArn'> & Partial<Pick<BatchEnd, 'batch'>>;

let study: StudyCloud;
/** Whether consolidations fail, and whether the sweeper's calls of other functions get lost. */
let isBroken = false;
let isMute = false;

let success: BatchEnd;
let redriven: BatchEnd;
let beforeRedrive: StoredBundle[];
let stopped: BatchEnd;
let unheard: BatchEnd;
const refused: Asked[] = [];

const brokenAnswer = JSON.stringify({
  errorType: 'PipelineFailedError',
  errorMessage: 'The consolidation ended with an error',
});

beforeAll(async () => {
  study = await startStudyCloud({
    interference: {
      taskInvoker: (functions) => ({
        invokeLater: (...event) => functions.invokeLater(...event),
        invoke: (...call) =>
          isBroken && call[1].includes('Consolidate')
            ? Promise.resolve({ functionError: 'Unhandled', payload: brokenAnswer })
            : functions.invoke(...call),
      }),
      service: (service) => (service.signingName === 'lambda' ? losingEvents(service) : service),
    },
  });
  const operator = study.as('operator');
  success = await runBatch(study, await upload(), { workers: 1 });
  const again = { batchId: success.batch?.batchId, pipeline: 'vitals-summary', workers: 1 };
  const { batch } = success;
  refused.push({ executionArn: await start(operator, again), batch });
  refused.push({ executionArn: await start(operator, { batchId: canary, ticket: canary }) });

  isBroken = true;
  const failed = await runBatch(study, await upload(), { workers: 1 });
  await settled(study);
  beforeRedrive = await bundlesOf(failed);
  isBroken = false;
  const { executionArn } = failed;
  await operator.sfn.send(new RedriveExecutionCommand({ executionArn }));
  redriven = await ended(operator, executionArn, failed.batch?.batchId ?? '');

  stopped = await stopIn('Workers');
  await settled(study);
  isMute = true;
  unheard = await stopIn('Notify Working');
  await settled(study);
  isMute = false;
});

afterAll(() => study.stop());

/** Lambda, which while it is mute takes events, and loses them. */
function losingEvents(lambda: Service): Service {
  return {
    ...lambda,
    handle(request, call) {
      if (!isMute) return lambda.handle(request, call);
      const name = request.url.pathname.split('/').at(-2) ?? '';
      const resource = `arn:aws:lambda:us-east-1:111122223333:function:${name}`;
      call.authorize({ action: 'lambda:InvokeFunction', resource });
      return Promise.resolve({ status: 202 });
    },
  };
}

/** Uploads a batch of one object. */
async function upload(): Promise<string> {
  const { batchId } = await craftBatch(study, [{ text: visitsText(visitRows(0, 40)) }]);
  return batchId;
}

/** Starts a batch, and stops it in a state. */
async function stopIn(stateName: string): Promise<BatchEnd> {
  const operator = study.as('operator');
  const { batchId } = await craftBatch(study, [{ text: canary }]);
  await sealed(operator, batchId);
  const executionArn = await start(operator, { batchId, pipeline: 'vitals-summary', workers: 1 });
  const { states } = study.cloud.services;
  await until(() =>
    states
      .historyOf(executionArn)
      .find(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name === stateName),
  );
  await operator.sfn.send(new StopExecutionCommand({ executionArn, error: canary }));
  return ended(operator, executionArn, batchId);
}

const evidenceOnRecord = async (batchId: string) =>
  (await getBatch(study.as('operator').ledger, batchId))?.evidence;
const sweeps = async (): Promise<number> => (await readSweeps(study)).length;

/** What clients of a role's session are made of. */
const as = (role: string) => ({
  endpoint: study.cloud.endpoint,
  region: study.cloud.region,
  credentials: study.cloud.credentials(role, 'test'),
  maxAttempts: 1,
});

/** The function's name, by a call of it. */
async function nameOfWriter(): Promise<string> {
  const names = (await readAccessLog(study)).flatMap(({ eventName, requestParameters }) =>
    eventName === 'Invoke' ? [String(requestParameters?.functionName)] : [],
  );
  return names.find((name) => name.includes('WriteEvidence'))!;
}

const bundlesOf = ({ executionArn, batch }: Asked): Promise<StoredBundle[]> =>
  readEvidence(study.as('auditor'), { executionArn, batchId: batch?.batchId });

/** The one bundle of an execution. */
async function evidenceOf(run: Asked): Promise<StoredBundle> {
  const [bundle, ...more] = await bundlesOf(run);
  expect(more).toEqual([]);
  expect(bundle?.faults).toEqual([]);
  return bundle!;
}

describe('evidence of a run', () => {
  it('is written of a success, as its execution and the ledger say', async () => {
    const { key, zip, record } = await evidenceOf(success);

    const { batchId } = success.batch!;
    expect(key).toBe(
      `evidence/v1/czarhipaa/${batchId}/${executionHash(success.executionArn)}-0.zip`,
    );
    expect(record.execution.status).toBe('SUCCEEDED');
    expect(record.batch?.state).toBe('SUCCEEDED');
    expect(record.objects.map(({ state }) => state)).toEqual(['DONE']);
    expect(record.access).toBeUndefined();
    expect(await evidenceOnRecord(batchId)).toMatchObject({
      key,
      sizeBytes: zip.length,
      sha256: createHash('sha256').update(zip).digest('hex'),
    });
  });

  it('is written of a batch that failed, and once more when it was redriven', async () => {
    const [failed] = beforeRedrive;
    const [first, second, ...more] = await bundlesOf(redriven);

    expect(beforeRedrive).toHaveLength(1);
    expect(failed?.record.execution).toMatchObject({
      status: 'FAILED',
      error: 'PipelineFailedError',
      redrives: 0,
    });
    expect(failed?.record.batch).toMatchObject({ state: 'FAILED' });
    expect(more).toEqual([]);
    expect(first?.zip).toEqual(failed?.zip);
    expect(second?.key).toMatch(/-1\.zip$/);
    expect(second?.faults).toEqual([]);
    expect(second?.record.execution).toMatchObject({ status: 'SUCCEEDED', redrives: 1 });
    expect(second?.record.runs).toHaveLength(2);
    expect(await evidenceOnRecord(redriven.batch!.batchId)).toMatchObject({ key: second?.key });
  });

  it('is written of an execution that was stopped, after the sweep behind it', async () => {
    const { record } = await evidenceOf(stopped);

    expect(record.execution).toMatchObject({ status: 'ABORTED', error: 'OtherError' });
    expect(record.batch).toMatchObject({ state: 'FAILED', reason: 'ExecutionAborted' });
    expect(record.mails.map(({ kind }) => kind)).toContain('failed');
  });

  it('is written of executions that were refused, with and without a batch', async () => {
    const bundles = await Promise.all(refused.map(evidenceOf));

    const hashes = refused.map(({ executionArn }) => executionHash(executionArn));
    expect(bundles.map(({ key }) => key)).toEqual([
      `evidence/v1/czarhipaa/${success.batch?.batchId}/${hashes[0]}-0.zip`,
      `evidence/v1/czarhipaa/none/${hashes[1]}-0.zip`,
    ]);
    for (const { record } of bundles) {
      expect(record.execution).toMatchObject({ status: 'FAILED', error: 'RequestRefusedError' });
      expect(record.batch).toBeUndefined();
    }
  });

  it('says nothing of what a person typed or an object says', async () => {
    const all = await Promise.all([success, redriven, stopped, ...refused].map(bundlesOf));

    expect(all.flat()).toHaveLength(6);
    for (const { zip } of all.flat()) {
      expect(Buffer.from(zip).toString('latin1')).not.toMatch(/zebedee|quagmire/i);
    }
  });

  it('is the same when it is asked for again', async () => {
    const before = await evidenceOf(stopped);
    const functionName = await nameOfWriter();

    const { Payload } = await new LambdaClient(as('EventsSweepRole')).send(
      new InvokeCommand({
        FunctionName: functionName,
        Payload: JSON.stringify({ executionArn: stopped.executionArn, redrive: 0 }),
      }),
    );

    expect(JSON.parse(Buffer.from(Payload!).toString())).toMatchObject({ outcome: 'exists' });
    expect((await evidenceOf(stopped)).zip).toEqual(before.zip);
  });
});

describe('evidence that nobody asked for', () => {
  it('is asked for by the hourly sweep, once', async () => {
    expect(await bundlesOf(unheard)).toEqual([]);

    const swept: number[] = [];
    for (const before of [await sweeps(), (await sweeps()) + 1]) {
      study.cloud.services.events.triggerSchedule('EventsHourly');
      await until(async () => ((await sweeps()) > before ? true : undefined));
      await settled(study);
      swept.push((await readSweeps(study)).filter(({ evidence }) => evidence > 0).length);
    }

    expect((await evidenceOf(unheard)).record.execution.status).toBe('ABORTED');
    expect(await evidenceOnRecord(unheard.batch!.batchId)).toBeDefined();
    // The second one finds none missing.
    expect(swept[1]).toBe(swept[0]);
  });
});

describe('evidence in S3L', () => {
  const everybody = [...personRoles, 'EvidenceWriter', 'EventsSweepRole', 'Worker'];
  const nameOf = (role: string): string =>
    personRoles.some((person) => person === role) ? `czarhipaa-${role}` : role;
  const clientOf = (role: string) => new S3Client({ ...as(nameOf(role)), forcePathStyle: true });

  it('is locked, and tells the auditor until when', async () => {
    const { key } = await evidenceOf(success);

    const { Retention } = await study
      .as('auditor')
      .s3.send(new GetObjectRetentionCommand({ Bucket: study.settings.logBucket, Key: key }));

    expect(Retention?.RetainUntilDate?.getTime()).toBeGreaterThan(Date.now());
  });

  it('is neither deleted nor overwritten by any role, its writer’s included', async () => {
    const Bucket = study.settings.logBucket;
    const { key: Key, zip } = await evidenceOf(success);

    for (const role of everybody) {
      const s3 = clientOf(role);
      const put = { Bucket, Key, Body: 'forged' };
      for (const [command, name] of [
        [new DeleteObjectCommand({ Bucket, Key }), 'AccessDenied'],
        [new DeleteObjectCommand({ Bucket, Key, VersionId: 'null' }), 'AccessDenied'],
        [new PutObjectCommand(put), 'AccessDenied'],
        [
          new PutObjectCommand({ ...put, IfNoneMatch: '*' }),
          role === 'EvidenceWriter' ? 'PreconditionFailed' : 'AccessDenied',
        ],
      ] as const) {
        await expect(s3.send(command as PutObjectCommand), role).rejects.toMatchObject({ name });
      }
    }
    expect((await evidenceOf(success)).zip).toEqual(zip);
  });

  it('is read by the auditor alone, not even by its writer', async () => {
    const { key: Key } = await evidenceOf(success);
    const get = new GetObjectCommand({ Bucket: study.settings.logBucket, Key });

    for (const role of everybody.filter((one) => one !== 'auditor')) {
      await expect(clientOf(role).send(get), role).rejects.toMatchObject({ name: 'AccessDenied' });
    }
  });

  it('is written by one that reads neither inputs nor results', async () => {
    const { inputBucket, resultBucket } = study.settings;
    const place = { study: 'czarhipaa', batchId: success.batch!.batchId };
    const s3 = clientOf('EvidenceWriter');

    for (const [Bucket, Key] of [
      [inputBucket, manifestKey(place)],
      [resultBucket, success.batch!.result!.key],
    ] as const) {
      await expect(s3.send(new GetObjectCommand({ Bucket, Key }))).rejects.toMatchObject({
        name: 'AccessDenied',
      });
    }
  });

  it('is signed with a key that signs digests, and for nobody but its writer and the auditor', async () => {
    const sign = (role: string, MessageType: 'DIGEST' | 'RAW') =>
      new KMSClient(as(nameOf(role))).send(
        new SignCommand({
          KeyId: study.settings.evidenceKeyArn,
          Message: Buffer.alloc(48),
          MessageType,
          SigningAlgorithm: 'ECDSA_SHA_384',
        }),
      );
    const signers = ['auditor', 'EvidenceWriter'];

    for (const role of signers) {
      expect((await sign(role, 'DIGEST')).Signature?.length).toBeGreaterThan(90);
      await expect(sign(role, 'RAW')).rejects.toMatchObject({ name: 'AccessDeniedException' });
    }
    for (const role of everybody.filter((one) => !signers.includes(one))) {
      await expect(sign(role, 'DIGEST'), role).rejects.toMatchObject({
        name: 'AccessDeniedException',
      });
    }
  });

  it('leaves in the access log who signed it', async () => {
    const signed = (await readAccessLog(study)).filter(
      ({ eventName, errorCode, userIdentity }) =>
        eventName === 'Sign' &&
        errorCode === undefined &&
        JSON.stringify(userIdentity).includes('WriteEvidence'),
    );

    // A bundle each of seven runs, and one that was composed in vain.
    expect(signed).toHaveLength(8);
  });
});
