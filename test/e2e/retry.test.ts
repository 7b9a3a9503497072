import { ListExecutionsCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { craftBatch, visitRows, visitsText } from './support/craft-batch.ts';
import { freezeAtWork, thaw } from './support/hurt-workers.ts';
import { readAccessLog } from './support/read-access-log.ts';
import { readSweeps } from './support/read-sweeps.ts';
import { resultFigures } from './support/result-figures.ts';
import {
  type BatchEnd,
  ended,
  runBatch,
  sealed,
  start,
  until,
  withoutEvidence,
} from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';
import { uploadStudy } from './support/upload-study.ts';

const pipeline = 'vitals-summary';
const good = [visitRows(0, 40), visitRows(40, 80)].map((rows) => ({ text: visitsText(rows) }));
const refused = { text: visitsText(visitRows(500, 510)).replace('systol', 'sistol') };

let study: StudyCloud;
/** Id of the object that the pipeline refuses. */
let refusedId: string;
/** A batch of which none may fail, and its retry that tolerates one. */
let strict: BatchEnd;
let tolerant: BatchEnd;
/** A batch that is stopped with objects in hand, its retry, and the same objects undisturbed. */
let stopped: BatchEnd;
let resumed: BatchEnd;
let undisturbed: BatchEnd;
/** Retries that are refused. */
let whileRunning: BatchEnd;
let afterSuccess: BatchEnd;
let unasked: BatchEnd;

beforeAll(async () => {
  study = await startStudyCloud();
  const crafted = craftBatch(study, [refused, ...good]);
  const [, undisturbedId, stoppedId] = await Promise.all([
    crafted,
    uploadStudy(study, 6),
    uploadStudy(study, 6),
  ]);
  refusedId = (await crafted).objects[0]?.objectId ?? '';
  await Promise.all([
    tolerate((await crafted).batchId),
    stopAndResume(stoppedId),
    runBatch(study, undisturbedId, { workers: 1 }).then((end) => (undisturbed = end)),
  ]);
});

afterAll(() => study.stop());

async function tolerate(batchId: string): Promise<void> {
  strict = await runBatch(study, batchId, { workers: 1 });
  unasked = await run({ batchId, tolerateFailedObjects: 1 });
  tolerant = await run({ batchId, tolerateFailedObjects: 1, retry: true });
  afterSuccess = await run({ batchId, retry: true });
}

async function stopAndResume(batchId: string): Promise<void> {
  const operator = study.as('operator');
  await sealed(operator, batchId);
  const executionArn = await start(operator, { batchId, pipeline, workers: 1 });
  const workers = await freezeAtWork(study, batchId, 1);
  whileRunning = await run({ batchId, retry: true });
  await operator.sfn.send(new StopExecutionCommand({ executionArn }));
  workers.forEach(({ instance }) => thaw(instance));
  await ended(operator, executionArn, batchId);
  await swept();
  stopped = await ended(operator, executionArn, batchId);
  resumed = await run({ batchId, retry: true });
}

/** Runs an execution as the operator would from the console, to its end. */
async function run(request: { batchId: string } & Record<string, unknown>): Promise<BatchEnd> {
  const operator = study.as('operator');
  const executionArn = await start(operator, { pipeline, workers: 1, ...request });
  return ended(operator, executionArn, request.batchId);
}

/** Waits until the sweeper has been behind every execution that ended badly so far. */
async function swept(): Promise<void> {
  const { sfn, settings } = study.as('operator');
  const { stateMachineArn } = settings;
  await until(async () => {
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
    const bad = executions.filter(({ status }) => status === 'FAILED' || status === 'ABORTED');
    return (await readSweeps(study)).length >= bad.length ? true : undefined;
  });
}

const byId = ({ objects }: BatchEnd) => new Map(objects.map((item) => [item.objectId, item]));

const mailsOf = ({ batch }: BatchEnd): string[] =>
  study.cloud
    .mails()
    .map(({ subject }) => subject)
    .filter((subject) => subject.includes(batch?.batchId ?? '-'));

/** How often each of the batch's results was written, by its key. */
async function writesOf({ batch }: BatchEnd): Promise<Map<string, number>> {
  const prefix = `out/v1/${study.settings.study}/${batch?.batchId ?? '-'}/`;
  const writes = new Map<string, number>();
  for (const record of await readAccessLog(study)) {
    const { eventName, errorCode, requestParameters } = record;
    const key = String(requestParameters?.key);
    if (eventName !== 'PutObject' || errorCode !== undefined || !key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length).replace(/^results\/[0-9a-f]{16}$/, 'result');
    writes.set(name, (writes.get(name) ?? 0) + 1);
  }
  return writes;
}

describe('a batch that failed for an object too many, retried with a tolerance of one', () => {
  it('fails first, and is not opened again by a request that does not say so', () => {
    expect(strict.execution).toMatchObject({ status: 'FAILED', error: 'ObjectsFailedError' });
    expect(strict.batch).toMatchObject({ state: 'FAILED', runs: 1 });
    expect(unasked.execution).toMatchObject({
      status: 'FAILED',
      error: 'RequestRefusedError',
    });
    expect(unasked.execution.cause).toContain('start it with "retry": true');
    expect(withoutEvidence(unasked.batch)).toEqual(withoutEvidence(strict.batch));
  });

  it('succeeds, and says that one object failed', () => {
    expect(tolerant.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(JSON.parse(tolerant.execution.output ?? '')).toMatchObject({
      objects: 3,
      done: 2,
      failed: 1,
    });
    expect(tolerant.batch).toMatchObject({
      state: 'SUCCEEDED',
      runs: 2,
      executionArn: tolerant.executionArn,
      retryOf: strict.executionArn,
    });
  });

  it('takes up the refused object again, and none of those that were done', () => {
    const before = byId(strict);
    const after = byId(tolerant);

    expect(after.get(refusedId)).toMatchObject({
      state: 'FAILED',
      reason: 'PIPELINE_REJECTED',
      attempts: 2,
      run: 2,
    });
    const done = [...after.values()].filter(({ state }) => state === 'DONE');
    expect(done).toHaveLength(2);
    for (const item of done) expect(item).toEqual(before.get(item.objectId));
  });

  it('stores every result once', async () => {
    const done = tolerant.objects.filter(({ state }) => state === 'DONE');

    expect(await writesOf(tolerant)).toEqual(
      new Map([...done.map(({ objectId }) => [`objects/${objectId}`, 1] as const), ['result', 1]]),
    );
  });

  it('has a start mail and an end mail of each run', () => {
    expect(mailsOf(tolerant)).toEqual(
      ['working', 'FAILED', 'working', 'done', 'evaporated'].map((word): unknown =>
        expect.stringContaining(word),
      ),
    );
  });

  it('is refused another retry', () => {
    expect(afterSuccess.execution).toMatchObject({ status: 'FAILED' });
    expect(afterSuccess.execution.cause).toContain('has run already and ended SUCCEEDED');
    expect(afterSuccess.states).toEqual(['Validate Request', 'Batch Refused']);
    expect(withoutEvidence(afterSuccess.batch)).toEqual(withoutEvidence(tolerant.batch));
  });
});

describe('a batch that was stopped with objects in hand, and retried', () => {
  it('is refused a retry while it runs', () => {
    expect(whileRunning.execution.cause).toContain('is running in another execution');
    expect(whileRunning.states).toEqual(['Validate Request', 'Batch Refused']);
  });

  it('goes on where it stopped', () => {
    const before = byId(stopped);

    expect(stopped.batch).toMatchObject({ state: 'FAILED', reason: 'ExecutionAborted' });
    expect(stopped.objects.some(({ state }) => state !== 'DONE')).toBe(true);
    expect(resumed.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(resumed.objects.map(({ state }) => state)).toEqual(Array(7).fill('DONE'));
    for (const item of resumed.objects.filter(({ run }) => run === 1)) {
      expect(item).toEqual(before.get(item.objectId));
    }
  });

  it('publishes what the same study does undisturbed, and stores each result once', async () => {
    const figures = await resultFigures(study, resumed.batch?.batchId ?? '');

    expect(figures).toEqual(await resultFigures(study, undisturbed.batch?.batchId ?? ''));
    for (const { published, found } of figures) expect(found).toBe(published);
    expect(figures.length).toBeGreaterThan(10);
    const written = await writesOf(resumed);
    expect(written.size).toBe(8);
    expect([...written.values()].filter((times) => times !== 1)).toEqual([]);
  });
});
