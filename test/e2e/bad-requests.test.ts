import { join } from 'node:path';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { GenerateDataKeyCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBatch } from '../../ledger/batches.ts';
import { countCanariesBelow } from '../../local/demo/search-canaries.ts';
import type { PersonRole } from '../../local/run/local-state.ts';
import { tagKeys } from '../../workflow/model/tags.ts';
import { type CraftedBatch, craftBatch, visitRows, visitsText } from './support/craft-batch.ts';
import { canDecrypt, declaredRoles, readersOfRunning } from './support/can-decrypt.ts';
import { readAccessLog } from './support/read-access-log.ts';
import {
  type BatchEnd,
  ended,
  newBatchId,
  sealed,
  start,
  until,
  withoutEvidence,
} from './support/run-batch.ts';
import { type RoleDeployment, startStudyCloud, type StudyCloud } from './support/study-cloud.ts';

const typed = 'Zibblequat';
const pipeline = 'vitals-summary';

let study: StudyCloud;
let operator: RoleDeployment;
/** Sealed, and not run by anything but the last tests. */
let batch: CraftedBatch;
let empty: CraftedBatch;
let unsealed: CraftedBatch;

beforeAll(async () => {
  study = await startStudyCloud();
  operator = study.as('operator');
  const objects = [{ text: visitsText(visitRows(0, 20)) }];
  [batch, empty, unsealed] = await Promise.all([
    craftBatch(study, objects),
    craftBatch(study, []),
    craftBatch(study, objects, { unsealed: true }),
  ]);
  await sealed(operator, batch.batchId);
  await sealed(operator, empty.batchId);
  await until(() => getBatch(operator.ledger, unsealed.batchId));
});

afterAll(() => study.stop());

const request = (changes: object = {}) => ({ batchId: batch.batchId, pipeline, ...changes });

/** What a refused request may have left: instances, mails, and what the ledger has of its batches. */
async function traces() {
  const { Reservations = [] } = await operator.ec2.send(new DescribeInstancesCommand({}));
  const records = await readAccessLog(study);
  return {
    instances: Reservations.length,
    launches: records.filter(({ eventName }) => eventName === 'RunInstances').length,
    mails: study.cloud.mails().length,
    batches: await Promise.all(
      [batch, empty, unsealed].map(async ({ batchId }) =>
        withoutEvidence(await getBatch(operator.ledger, batchId)),
      ),
    ),
  };
}

function expectRefused({ execution, states }: BatchEnd, sentence: RegExp): void {
  expect(execution).toMatchObject({ status: 'FAILED', error: 'RequestRefusedError' });
  expect(execution.cause).toMatch(sentence);
  expect(execution.cause, 'one plain sentence').toMatch(/^[a-z][^{}"\n]*[^.]$/i);
  expect(execution.cause).not.toMatch(new RegExp(typed, 'i'));
  expect(states).toEqual(['Validate Request', 'Batch Refused']);
}

describe('a request that cannot run', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['has an unknown field', () => request({ [typed]: 1 }), /^the request has an unknown field/],
    ['has no batch', () => ({ pipeline }), /^batchId is missing$/],
    ['has a number as batch', () => request({ batchId: 7 }), /^batchId must be a text$/],
    ['has a name as batch', () => request({ batchId: typed }), /^batchId must be a minted code/],
    ['has a name as pipeline', () => request({ pipeline: typed }), /^pipeline must be 3 to 40/],
    [
      'names a pipeline that is not there',
      () => request({ pipeline: typed.toLowerCase() }),
      /^pipeline must be one of vitals-stream, vitals-summary$/,
    ],
    ['has a text as number', () => request({ workers: typed }), /^workers must be a whole number$/],
    ['has half a worker', () => request({ workers: 1.5 }), /^workers must be a whole number$/],
    ['has no workers', () => request({ workers: 0 }), /^workers must be at least 1$/],
    ['has too many workers', () => request({ workers: 6 }), /^workers must be at most 5, got 6$/],
    ['has a wrong tenancy', () => request({ tenancy: typed }), /^tenancy must be one of dedicated/],
    ['has a wrong type', () => request({ instanceType: typed }), /^instanceType must look like/],
    ['has a name as ticket', () => request({ ticket: typed }), /^ticket must look like ABC-123$/],
    ['has too little time', () => request({ maxMinutes: 1 }), /^maxMinutes must be at least 5$/],
    [
      'tolerates less than nothing',
      () => request({ tolerateFailedObjects: -1 }),
      /^tolerateFailedObjects must be at least 0$/,
    ],
    ['is a text', () => typed, /^the request must be a JSON object/],
    ['is a list', () => [request()], /^the request must be a JSON object/],
    ['is null', () => null, /^the request must be a JSON object/],
    [
      'names an unknown batch',
      () => request({ batchId: newBatchId() }),
      /^batch \w{9} is unknown: nothing was uploaded to it$/,
    ],
    [
      'names a batch that is not sealed',
      () => request({ batchId: unsealed.batchId }),
      /^batch \w{9} is not sealed: its upload has not ended$/,
    ],
    [
      'names a batch without objects',
      () => request({ batchId: empty.batchId }),
      /^batch \w{9} has no objects$/,
    ],
  ])('is refused in one sentence and leaves no trace where it %s', async (_, make, sentence) => {
    const before = await traces();

    const executionArn = await start(operator, make());
    const end = await ended(operator, executionArn, batch.batchId);

    expectRefused(end, sentence);
    expect(await traces()).toEqual(before);
    expect(before).toMatchObject({ instances: 0, launches: 0, mails: 0 });
  });
});

describe('a study', () => {
  it('repeats what was typed nowhere but in the input of the history', async () => {
    await study.cloud.flush();

    const everywhere = await countCanariesBelow(study.directory, [typed]);
    const inHistory = await countCanariesBelow(join(study.directory, 'states'), [typed]);

    expect(everywhere.files).toBeGreaterThan(20);
    expect(inHistory.found).toBeGreaterThan(0);
    expect(everywhere.found).toBe(inHistory.found);
  });

  it.each<PersonRole>(['uploader', 'auditor'])('lets no %s start a batch', async (role) => {
    await expect(start(study.as(role), request())).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });

  it.each([
    ['for another study', { study: 'otherstudy', kind: 'input' }],
    ['for a result', { study: 'czarhipaa', kind: 'result' }],
    ['without a study', { kind: 'input' }],
  ])('lets no uploader encrypt %s', async (_, EncryptionContext) => {
    const { kms, settings } = study.as('uploader');
    const generate = (context: Record<string, string>) =>
      kms.send(
        new GenerateDataKeyCommand({
          KeyId: settings.dataKeyArn,
          NumberOfBytes: 32,
          EncryptionContext: context,
        }),
      );

    await expect(generate({ study: 'czarhipaa', kind: 'input' })).resolves.toBeDefined();
    await expect(generate(EncryptionContext)).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });
});

describe('a batch that two executions want at the same instant', () => {
  let ends: BatchEnd[];
  let refusedWhileRunning: BatchEnd;
  /** Who could decrypt the batch's data key while it ran, of a worker's session and of people. */
  let readers: string[];

  beforeAll(async () => {
    const arns = await Promise.all([1, 2].map(() => start(operator, request({ workers: 1 }))));
    const running = Promise.all(arns.map((arn) => ended(operator, arn, batch.batchId)));
    await until(async () =>
      (await getBatch(operator.ledger, batch.batchId))?.state === 'OPEN' ? true : undefined,
    );
    const late = await start(operator, request({ workers: 1 }));
    refusedWhileRunning = await ended(operator, late, batch.batchId);
    readers = await Promise.race([readersOfRunning(study, batch), running.then(() => [])]);
    ends = await running;
  });

  it('is run by exactly one of them', async () => {
    const [winner, ...winners] = ends.filter(({ execution }) => execution.status === 'SUCCEEDED');
    const [loser] = ends.filter((end) => end !== winner);
    const records = await readAccessLog(study);
    const launches = records.filter(({ eventName }) => eventName === 'RunInstances');

    expect(winners).toEqual([]);
    expectRefused(loser!, /^batch \w{9} is running in another execution$/);
    expect(launches).toHaveLength(1);
    expect(JSON.stringify(launches)).toContain(tagKeys.execution);
    expect(winner?.batch).toMatchObject({
      state: 'SUCCEEDED',
      executionArn: winner?.executionArn,
    });
    expect(study.cloud.mails()).toHaveLength(3);
  });

  it('is refused to a third while it runs, and to a fourth afterwards', async () => {
    const before = await traces();

    const executionArn = await start(operator, request());
    const end = await ended(operator, executionArn, batch.batchId);

    expectRefused(refusedWhileRunning, /^batch \w{9} is running in another execution$/);
    expectRefused(end, /^batch \w{9} has run already and ended SUCCEEDED$/);
    expect(await traces()).toEqual(before);
  });

  it('lets its own worker decrypt its inputs while it runs, and nobody else', () => {
    expect(readers).toEqual([expect.stringMatching(/^i-[0-9a-f]+$/)]);
  });

  it('lets no role at all decrypt its inputs when it has run', async () => {
    const roles = await declaredRoles();

    const readers = await Promise.all(
      roles.map(async (role) => ((await canDecrypt(study, batch, role, 'anybody')) ? role : [])),
    );

    expect(roles.length).toBeGreaterThanOrEqual(20);
    expect(readers.flat()).toEqual([]);
  });

  it('does not show its results to the operator', async () => {
    const { result } = (await getBatch(study.as('researcher').ledger, batch.batchId))!;
    const get = (role: PersonRole) =>
      study.as(role).s3.send(
        new GetObjectCommand({
          Bucket: study.settings.resultBucket,
          Key: result!.key,
        }),
      );

    const { Body } = await get('researcher');
    await Body?.transformToByteArray();

    await expect(get('operator')).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(get('uploader')).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(get('auditor')).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});
