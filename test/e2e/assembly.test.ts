import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { findRemnants } from '../../local/demo/check-evaporated.ts';
import { craftBatch, visitRows, visitsText } from './support/craft-batch.ts';
import { readAccessLog } from './support/read-access-log.ts';
import { type BatchEnd, ended, newBatchId, runBatch, start } from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';

/** The changes, each in another kind of file of the assembly. */
const sentence = { old: 'nothing was uploaded to it', new: 'nobody has heard of it' };
const state = { old: '"Notify Working"', new: '"Tell Everybody"' };
const removedAction = 's3:GetObject';

let copy: string;
let study: StudyCloud;
let batchId: string;
let end: BatchEnd;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'czar-changed-'));
  await linkFolder(inject('assembly'), copy);
  expect(await changeFiles(copy, /\.m?js$/, changeBundle)).toBe(1);
  expect(await changeFiles(copy, /^Batch\.template\.json$/, changeStateMachine)).toBe(1);
  expect(await changeFiles(copy, /^Data\.template\.json$/, changeWorkerRights)).toBe(1);
  study = await startStudyCloud({ assemblyDirectory: copy });
  ({ batchId } = await craftBatch(study, [{ text: visitsText(visitRows(0, 20)) }]));
  end = await runBatch(study, batchId, { workers: 1 });
});

afterAll(async () => {
  await study.stop();
  await rm(copy, { recursive: true, force: true });
});

describe('an embedded cloud of a changed assembly', () => {
  it('runs the changed function: a refusal says the new sentence', async () => {
    const operator = study.as('operator');
    const input = { batchId: newBatchId(), pipeline: 'vitals-summary' };

    const refused = await ended(operator, await start(operator, input), input.batchId);

    expect(refused.execution).toMatchObject({
      error: 'RequestRefusedError',
      cause: `batch ${input.batchId} is unknown: ${sentence.new}`,
    });
  });

  it('runs the changed state machine: its history has the new name', () => {
    expect(end.states).toContain('Tell Everybody');
    expect(end.states).not.toContain('Notify Working');
  });

  it('enforces the changed policy: a worker without its right fails the batch', async () => {
    const records = await readAccessLog(study);
    const denied = records.filter(({ errorCode }) => errorCode === 'AccessDenied');

    expect(end.execution).toMatchObject({ status: 'FAILED', error: 'PermissionError' });
    expect(end.batch).toMatchObject({ state: 'FAILED', reason: 'PermissionError' });
    expect(denied).not.toEqual([]);
    for (const { eventName, userIdentity } of denied) {
      expect(eventName).toBe('GetObject');
      expect(userIdentity.arn).toContain('/i-');
    }
  });

  it('evaporates all the same', async () => {
    const { executionArn, states } = end;

    const remnants = await findRemnants(study.as('auditor'), {
      ...study.settings,
      batchId,
      executionArn,
    });

    expect(states).toContain('Process');
    expect(remnants).toEqual({
      instances: 0,
      volumes: 0,
      networkInterfaces: 0,
      grants: 0,
      queues: 0,
    });
    expect(study.cloud.mails().map(({ subject }) => subject)).toEqual([
      expect.stringContaining('working'),
      expect.stringContaining('FAILED'),
    ]);
  });

  it('leaves the assembly that it is a copy of as it was', async () => {
    const original = inject('assembly');
    const template = await readFile(join(original, 'Batch.template.json'), 'utf8');

    expect(template).toContain('Notify Working');
    expect(template).not.toContain('Tell Everybody');
    expect(await readFile(join(copy, 'Batch.template.json'), 'utf8')).toContain('Tell Everybody');
    const manifests = [original, copy].map((folder) => stat(join(folder, 'manifest.json')));
    const [one, other] = await Promise.all(manifests);
    expect(one?.ino).toBe(other?.ino);
  });
});

/** Copies a folder by hard links: it has 200 MB of files that nobody changes. */
async function linkFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkFolder(source, target);
    else await link(source, target);
  }
}

/** Writes files anew whose text a change alters, and says how many. The linked originals stay. */
async function changeFiles(
  folder: string,
  name: RegExp,
  change: (text: string) => string,
): Promise<number> {
  let changed = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !name.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, 'utf8');
    const other = change(text);
    if (other === text) continue;
    await unlink(path);
    await writeFile(path, other);
    changed += 1;
  }
  return changed;
}

const changeBundle = (text: string): string => text.replaceAll(sentence.old, sentence.new);

/** A template's definition is JSON within JSON. */
const changeStateMachine = (text: string): string =>
  text.replaceAll(escaped(state.old), escaped(state.new));

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

interface Template {
  readonly Resources: Readonly<Record<string, Policy | undefined>>;
}
interface Policy {
  readonly Type: string;
  readonly Properties: { readonly PolicyDocument: { Statement: { Action: unknown }[] } };
}

/** Takes the worker's right to read S3D out of its policy. */
function changeWorkerRights(text: string): string {
  const template = JSON.parse(text) as Template;
  for (const [id, policy] of Object.entries(template.Resources)) {
    if (policy?.Type !== 'AWS::IAM::Policy' || !id.startsWith('WorkerRights')) continue;
    const { PolicyDocument } = policy.Properties;
    const first = PolicyDocument.Statement.findIndex(
      (statement) =>
        statement.Action === removedAction && JSON.stringify(statement).includes('/in/v1/'),
    );
    expect(first).toBeGreaterThanOrEqual(0);
    PolicyDocument.Statement.splice(first, 1);
  }
  return JSON.stringify(template);
}
