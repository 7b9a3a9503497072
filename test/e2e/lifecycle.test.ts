import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { fetchResults } from '../../client/results/fetch-results.ts';
import { findRemnants } from '../../local/demo/check-evaporated.ts';
import { readFigures } from '../../local/demo/published-figures.ts';
import { countCanariesBelow } from '../../local/demo/search-canaries.ts';
import { pocACanaries } from '../../synthetic/poc-a.ts';
import { type BatchEnd, runBatch } from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';
import { silentOutput, uploadStudy } from './support/upload-study.ts';

let study: StudyCloud;
let few: BatchEnd;

beforeAll(async () => {
  // Its workers fetch their software as on AWS.
  study = await startStudyCloud({ assemblyDirectory: inject('wholeAssembly') });
  few = await runBatch(study, await uploadStudy(study, 12), { workers: 3 });
});

afterAll(() => study.stop());

async function results(batchId: string): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'czar-results-'));
  try {
    const target = join(folder, 'results');
    const signal = new AbortController().signal;
    await fetchResults(
      study.as('researcher'),
      { batchId, folder: target, objects: false, signal },
      silentOutput,
    );
    for (const { name, published, found } of await readFigures(target))
      expect(found, name).toBe(published);
    const names = (await readdir(target)).toSorted();
    return new Map(
      await Promise.all(
        names.map(async (name) => {
          const digest = createHash('sha256')
            .update(await readFile(join(target, name)))
            .digest('hex');
          return [name, digest] as const;
        }),
      ),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('the lifecycle of a batch', () => {
  it('ends SUCCEEDED, and the ledger says the same of batch and objects', () => {
    expect(few.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(few.batch).toMatchObject({
      state: 'SUCCEEDED',
      executionArn: few.executionArn,
      objects: 13,
    });
    expect(few.objects.map(({ state }) => state)).toEqual(Array(13).fill('DONE'));
  });

  it('sends one mail of each kind, in order', () => {
    const subjects = study.cloud.mails().map(({ subject }) => subject);

    expect(subjects.filter((subject) => subject.includes(few.batch?.batchId ?? '-'))).toEqual([
      expect.stringContaining('working'),
      expect.stringContaining('done'),
      expect.stringContaining('evaporated'),
    ]);
  });

  it('leaves no instance, volume, interface, grant or queue', async () => {
    const remnants = await findRemnants(study.as('auditor'), {
      ...study.settings,
      batchId: few.batch?.batchId ?? '',
      executionArn: few.executionArn,
    });

    expect(remnants).toEqual({
      instances: 0,
      volumes: 0,
      networkInterfaces: 0,
      grants: 0,
      queues: 0,
    });
    // The image that machines are made from stays; it holds no data.
    expect(await readdir(join(study.directory, 'ec2'))).toEqual(['image']);
  });

  it('takes as many transitions, and makes the same bytes, of ten times as many objects', async () => {
    const many = await runBatch(study, await uploadStudy(study, 120), { workers: 3 });

    expect(many.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(many.objects).toHaveLength(121);
    expect(many.states.toSorted()).toEqual(few.states.toSorted());
    expect(await results(many.batch?.batchId ?? '')).toEqual(
      await results(few.batch?.batchId ?? ''),
    );
  });

  it('runs the ASL of the template, byte for byte', async () => {
    const operator = study.as('operator');
    const { definition = '' } = await operator.sfn.send(
      new DescribeStateMachineCommand({ stateMachineArn: study.settings.stateMachineArn }),
    );

    const parts = await templateParts();

    expect(parts.length).toBeGreaterThan(10);
    expect(isMadeOf(parts, definition)).toBe(true);
    expect(isMadeOf(parts, definition.replace('Open Batch', 'Open batch'))).toBe(false);
  });

  it('keeps no name of a patient in anything that is not encrypted', async () => {
    await study.cloud.flush();

    const { files, found } = await countCanariesBelow(study.directory, pocACanaries);

    expect(files).toBeGreaterThan(100);
    expect(found).toBe(0);
  });

  it('lets nobody read an input once no batch runs', async () => {
    const { settings } = study;
    for (const role of ['uploader', 'researcher', 'operator', 'auditor'] as const) {
      const get = study.as(role).s3.send(
        new GetObjectCommand({
          Bucket: settings.inputBucket,
          Key: `in/v1/${settings.study}/${few.batch?.batchId ?? ''}/manifest`,
        }),
      );
      await expect(get, role).rejects.toMatchObject({ name: 'AccessDenied' });
    }
  });
});

/** The parts of the template's definition: texts, and intrinsics that stand for ARNs. */
async function templateParts(): Promise<unknown[]> {
  const path = join(inject('wholeAssembly'), 'Batch.template.json');
  const template = JSON.parse(await readFile(path, 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: { DefinitionString: unknown } }>;
  };
  const machine = Object.values(template.Resources).find(
    ({ Type }) => Type === 'AWS::StepFunctions::StateMachine',
  );
  const definition = machine?.Properties.DefinitionString as { 'Fn::Join': ['', unknown[]] };
  return definition['Fn::Join'][1];
}

/** Says whether a definition is the template's, with something unquoted in place of each intrinsic. */
function isMadeOf(parts: readonly unknown[], definition: string): boolean {
  let at = 0;
  let filled = true;
  for (const part of parts) {
    if (typeof part !== 'string') {
      filled = false;
      continue;
    }
    const found = filled ? at : definition.indexOf(part, at);
    if (!definition.startsWith(part, found) || definition.slice(at, found).includes('"'))
      return false;
    at = found + part.length;
    filled = true;
  }
  return at === definition.length;
}
