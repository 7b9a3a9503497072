import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchResults } from '../../client/results/fetch-results.ts';
import { findRemnants } from '../../local/demo/check-evaporated.ts';
import { countCanariesBelow } from '../../local/demo/search-canaries.ts';
import { inputKey } from '../../workflow/model/keys.ts';
import {
  type CraftedBatch,
  type CraftedObject,
  type CraftOptions,
  craftBatch,
  visitRows,
  visitsText,
} from './support/craft-batch.ts';
import { type BatchEnd, newBatchId, runBatch } from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';
import { silentOutput } from './support/upload-study.ts';

/**
 * A weight that nobody else of the study has, and a file's name. Both stand in every bad object and
 * in no good one; the objects are valid all the same, so that whatever was let through would count.
 */
const canaries = ['187.654320917', 'Zibblequat'] as const;

const badText = (from: number, to: number): string => {
  const rows = visitRows(from, to).map((row) => row.split(',').with(8, canaries[0]).join(','));
  return visitsText(rows);
};

const bad = (fault: CraftedObject['fault'], text = badText(500, 510)): CraftedObject => ({
  text,
  name: `${canaries[1]}.csv`,
  ...(fault !== undefined && { fault }),
});

/** Bad objects and how the ledger tells of each. */
const expected: readonly (readonly [object: CraftedObject, told: Record<string, string>])[] = [
  [bad('flipped byte'), { reason: 'CORRUPT' }],
  [bad('forged data key'), { reason: 'CORRUPT' }],
  [bad('other message'), { reason: 'DIGEST_MISMATCH' }],
  [bad('last frame missing', badText(500, 10_000)), { reason: 'TRUNCATED' }],
  [bad('other batch'), { reason: 'WRONG_CONTEXT' }],
  [bad('other study'), { reason: 'WRONG_CONTEXT' }],
  [bad('not encrypted'), { reason: 'NOT_ENCRYPTED' }],
  [bad('not stored'), { reason: 'MISSING' }],
  [bad('neither listed nor in the manifest'), { reason: 'NOT_IN_MANIFEST' }],
  [bad('not in the manifest'), { reason: 'NOT_IN_MANIFEST' }],
  [bad('other type'), { reason: 'TYPE_NOT_ACCEPTED' }],
  [
    bad(undefined, badText(500, 510).replace('systol', 'sistol')),
    { reason: 'PIPELINE_REJECTED', pipelineReason: 'BAD_HEADER' },
  ],
];

const goodRows = [visitRows(0, 40), visitRows(40, 80), visitRows(80, 120)];
const good: readonly CraftedObject[] = goodRows.map((rows) => ({ text: visitsText(rows) }));

interface Ran {
  readonly crafted: CraftedBatch;
  readonly end: BatchEnd;
}

let study: StudyCloud;
/** Every fault, all tolerated. */
let tolerant: Ran;
/** One fault, none tolerated. */
let strict: Ran;
/** A listing without an object that the manifest has. */
let unlisted: Ran;

async function craftAndRun(
  objects: readonly CraftedObject[],
  request: Readonly<Record<string, unknown>>,
  options?: CraftOptions,
): Promise<Ran> {
  const crafted = await craftBatch(study, objects, options);
  return { crafted, end: await runBatch(study, crafted.batchId, { workers: 1, ...request }) };
}

beforeAll(async () => {
  study = await startStudyCloud();
  [tolerant, strict, unlisted] = await Promise.all([
    craftAndRun([...expected.map(([object]) => object), ...good], {
      tolerateFailedObjects: expected.length,
    }),
    craftAndRun([bad('flipped byte'), ...good.slice(1)], {}),
    craftAndRun([bad('not listed'), ...good.slice(1)], { tolerateFailedObjects: 2 }),
  ]);
});

afterAll(() => study.stop());

/** Keys of results in S3O, without what all of a batch's have in common; the batch's own is `result`. */
async function resultKeys(batchId: string): Promise<string[]> {
  const { s3, settings } = study.as('researcher');
  const Prefix = `out/v1/${settings.study}/${batchId}/`;
  const { Contents = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket: settings.resultBucket, Prefix }),
  );
  return Contents.map(({ Key = '' }) =>
    Key.slice(Prefix.length).replace(/^results\/[0-9a-f]{16}$/, 'result'),
  );
}

function mailSubjects(batchId: string): string[] {
  const subjects = study.cloud.mails().map(({ subject }) => subject);
  return subjects.filter((subject) => subject.includes(batchId));
}

function remnants({ crafted: { batchId }, end: { executionArn } }: Ran) {
  return findRemnants(study.as('auditor'), { ...study.settings, batchId, executionArn });
}

const nothing = { instances: 0, volumes: 0, networkInterfaces: 0, grants: 0, queues: 0 };

describe('a batch with bad objects, all of which are tolerated', () => {
  it('succeeds, and says how many objects failed', () => {
    const { execution, batch } = tolerant.end;

    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(JSON.parse(execution.output ?? '')).toMatchObject({
      objects: good.length + expected.length,
      done: good.length,
      failed: expected.length,
    });
    expect(batch).toMatchObject({ state: 'SUCCEEDED' });
  });

  it.each(expected.map(([{ fault = 'bad header' }, told], index) => ({ fault, index, ...told })))(
    'ends the object with the fault "$fault" FAILED as $reason',
    ({ index, fault: _, ...told }) => {
      const { objectId } = tolerant.crafted.objects[index] ?? {};

      const item = tolerant.end.objects.find((object) => object.objectId === objectId);

      expect(item).toMatchObject({ state: 'FAILED', ...told });
      expect(item).not.toHaveProperty('result');
    },
  );

  it('processes every good object and stores nothing of a bad one', async () => {
    const { batchId, objects } = tolerant.crafted;
    const goodIds = objects.slice(expected.length).map(({ objectId }) => objectId);

    const done = tolerant.end.objects.filter(({ state }) => state === 'DONE');
    const stored = await resultKeys(batchId);

    expect(done.map(({ objectId }) => objectId)).toEqual(goodIds.toSorted());
    expect(stored.toSorted()).toEqual(
      [...goodIds.map((objectId) => `objects/${objectId}`), 'result'].toSorted(),
    );
  });

  it('makes the result of exactly the good objects, and keeps the bad ones secret', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'czar-results-'));
    try {
      const target = join(folder, 'results');
      const { batchId } = tolerant.crafted;
      const signal = new AbortController().signal;
      await fetchResults(
        study.as('researcher'),
        { batchId, folder: target, objects: true, signal },
        silentOutput,
      );
      await study.cloud.flush();

      const visits = await readVisits(join(target, 'by-patient.csv'));
      const inResults = await countCanariesBelow(target, canaries);
      const inCloud = await countCanariesBelow(study.directory, canaries);

      expect(visits).toEqual(countVisits(goodRows.flat()));
      expect(inResults).toMatchObject({ found: 0 });
      expect(inCloud).toMatchObject({ found: 0 });
      expect(inCloud.files).toBeGreaterThan(50);
      for (const [{ text }] of expected) expect(text).toContain(canaries[0]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('would have found them: the search sees what lies in a bucket', async () => {
    const { s3, settings } = study.as('uploader');
    const objectId = tolerant.crafted.objects[0]?.objectId ?? '';
    const Key = inputKey({ study: settings.study, batchId: newBatchId() }, objectId);
    const put = { Bucket: settings.inputBucket, Key, Body: canaries[1], IfNoneMatch: '*' };

    await s3.send(new PutObjectCommand(put));

    expect(await countCanariesBelow(study.directory, canaries)).toMatchObject({ found: 1 });
  });
});

describe('a batch with one bad object, which is not tolerated', () => {
  it('fails with ObjectsFailedError, in the ledger too', () => {
    const { execution, batch } = strict.end;

    expect(execution).toMatchObject({
      status: 'FAILED',
      error: 'ObjectsFailedError',
      cause: '1 of 3 objects failed, 0 are tolerated: 1 CORRUPT',
    });
    expect(batch).toMatchObject({ state: 'FAILED', reason: 'ObjectsFailedError' });
  });

  it('stores no consolidated result', async () => {
    const stored = await resultKeys(strict.crafted.batchId);

    expect(stored).toHaveLength(2);
    expect(stored).not.toContain('result');
    expect(strict.end.batch).not.toHaveProperty('result');
  });

  it('evaporates, then sends one mail that says so', async () => {
    const { states } = strict.end;

    expect(await remnants(strict)).toEqual(nothing);
    expect(mailSubjects(strict.crafted.batchId)).toEqual([
      expect.stringContaining('working'),
      expect.stringContaining('FAILED'),
    ]);
    expect(states).not.toContain('Notify Done');
  });
});

describe('a batch whose listing differs from its manifest', () => {
  it('fails with ManifestMismatchError, whatever is tolerated', async () => {
    const { execution, batch } = unlisted.end;

    expect(execution).toMatchObject({ status: 'FAILED', error: 'ManifestMismatchError' });
    expect(execution.cause).toMatch(/^[^.{}]+$/);
    expect(batch).toMatchObject({ state: 'FAILED', reason: 'ManifestMismatchError' });
    expect(await resultKeys(unlisted.crafted.batchId)).not.toContain('result');
    expect(await remnants(unlisted)).toEqual(nothing);
  });

  const header = (place: object) => `${JSON.stringify({ version: 1, ...place })}\n`;
  const ofOtherBatch = header({ study: 'czarhipaa', batchId: 'bcdfghjkw', objects: 1 });

  it.each<[string, CraftOptions['editListing'] & {}, string, string]>([
    ['is missing', () => undefined, 'RequestRefusedError', 'the batch has no listing'],
    ['is no listing', () => ['Zibblequat'], 'RequestRefusedError', 'line 1 has another form'],
    ['is empty', () => [], 'RequestRefusedError', 'the listing is empty'],
    [
      'is of another batch',
      ([, ...entries]) => [ofOtherBatch, ...entries],
      'RequestRefusedError',
      'of another study or batch',
    ],
    [
      'has an unreadable line',
      ([head = '']) => [head, 'Zibblequat\n'],
      'ManifestMismatchError',
      'line 2 has another form',
    ],
    [
      'has fewer objects than it says',
      ([head = '']) => [head],
      'ManifestMismatchError',
      'announces 1 objects and has 0',
    ],
  ])('is refused in one sentence where the listing %s', async (_, editListing, error, sentence) => {
    const { batchId } = await craftBatch(study, good.slice(0, 1), { editListing });

    const end = await runBatch(study, batchId, { workers: 1 });

    expect(end.execution).toMatchObject({ status: 'FAILED', error });
    expect(end.execution.cause).toContain(sentence);
    expect(end.execution.cause).toMatch(/^[^.{}\n]+$/);
    expect(end.execution.cause).not.toContain('Zibblequat');
    expect(end.states).not.toContain('Launch Worker');
    expect(end.batch).toMatchObject({ state: 'SEALED' });
    expect(mailSubjects(batchId)).toEqual([]);
  });
});

/** Visits per patient id, as the result has them. */
async function readVisits(path: string): Promise<Record<string, number>> {
  const [, ...rows] = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const pairs = rows.map((row) => row.split(','));
  return Object.fromEntries(pairs.map(([id = '', visits]) => [id, Number(visits)]));
}

/** Visits per patient id, counted by hand. */
function countVisits(rows: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const id = row.split(',')[1] ?? '';
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}
