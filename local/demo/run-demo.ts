import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startBatch } from '../../client/commands/start.ts';
import type { Deployment } from '../../client/deployment.ts';
import { watchExecution } from '../../client/watch/watch-execution.ts';
import { listObjects } from '../../ledger/objects.ts';
import { inputKey } from '../../workflow/model/keys.ts';
import { type LocalState, roleEnvironment } from '../run/local-state.ts';
import { findRemnants } from './check-evaporated.ts';
import { clientsAs } from './clients.ts';
import { tryDeniedCalls } from './denied-calls.ts';
import { makeStudy } from './make-study.ts';
import { openAs } from './open-as.ts';
import { readFigures } from './published-figures.ts';
import { runCzar } from './run-czar.ts';
import { searchSurfaces } from './search-surfaces.ts';
import { tellMails } from './tell-mails.ts';
import type { Transcript } from './transcript.ts';

interface DemoOptions {
  readonly split: number;
  readonly workers: number;
  /** Where the demo keeps the study and the results. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** What the demo's last line tells beside its checks. */
export interface DemoSummary {
  readonly executionArn: string;
  readonly objects: number;
  readonly workers: number;
  readonly transitions: number;
  readonly resultsDir: string;
}

/** Runs the demo's steps against a running embedded cloud. */
export async function runDemo(
  options: DemoOptions,
  state: LocalState,
  transcript: Transcript,
): Promise<DemoSummary> {
  const { folder, signal } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });

  transcript.step('The study "100 Johns", made here');
  const study = join(folder, 'study');
  const parts = await makeStudy(study, options.split, transcript);

  transcript.step('Upload, as the uploader');
  const batchId = await upload(parts, state, transcript, signal);
  const operator = await openAs(state, 'operator');
  const { settings } = operator;
  const firstObject = await registered(operator, batchId, options.split + 1, signal);
  const key = inputKey({ study: settings.study, batchId }, firstObject);
  const uploader = clientsAs(state, 'uploader');
  await tryDeniedCalls(uploader.s3, settings.inputBucket, key, transcript);

  transcript.step(`The batch, on ${options.workers} workers`);
  const { executionArn, transitions } = await runBatch(operator, batchId, options, transcript);

  transcript.step('Mails');
  const subjects = await tellMails(state, join(folder, 'mails'), transcript);
  const expected = ['working', 'done', 'evaporated'];
  transcript.check(
    'three mails',
    subjects.length === expected.length &&
      expected.every((word, position) => subjects[position]?.toLowerCase().includes(word)),
    'working with PHI, done, evaporated: one mail each, in this order',
  );

  transcript.step('Results, as the researcher');
  const resultsDir = join(folder, `results-${batchId}`);
  await fetchResults(batchId, resultsDir, state, transcript, signal);

  transcript.step('What is left');
  const remnants = await findRemnants(clientsAs(state, 'auditor'), {
    ...settings,
    batchId,
    executionArn,
  });
  const counts = Object.entries(remnants);
  transcript.check(
    'evaporated',
    counts.every(([, count]) => count === 0),
    counts.map(([what, count]) => `${what} ${count}`).join(', '),
  );

  transcript.step('Names of patients outside of encrypted objects');
  await searchSurfaces(operator, { executionArn, batchId }, state, study, transcript);
  await rm(study, { recursive: true, force: true });
  return {
    executionArn,
    objects: options.split + 1,
    workers: options.workers,
    transitions,
    resultsDir,
  };
}

async function upload(
  parts: string,
  state: LocalState,
  transcript: Transcript,
  signal: AbortSignal,
): Promise<string> {
  const args = ['--json', 'upload', parts];
  transcript.say('  czar upload <folder>');
  const run = await runCzar(args, roleEnvironment(state, 'uploader'), undefined, signal);
  if (run.exitCode !== 0) throw new Error(`czar upload ended with ${run.exitCode}\n${run.stderr}`);
  const result = JSON.parse(run.stdout) as {
    batchId: string;
    objects: number;
    ciphertextBytes: number;
  };
  transcript.say(
    `  batch ${result.batchId} sealed: ${result.objects} objects, ${result.ciphertextBytes} bytes of ciphertext`,
  );
  return result.batchId;
}

/** Waits until the bucket's events have registered all objects; answers one of them. */
async function registered(
  { ledger }: Deployment,
  batchId: string,
  objects: number,
  signal: AbortSignal,
): Promise<string> {
  for (;;) {
    signal.throwIfAborted();
    const found = await Array.fromAsync(listObjects(ledger, batchId));
    if (found.length >= objects) return found[0]?.objectId ?? '';
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function runBatch(
  deployment: Deployment,
  batchId: string,
  { workers, signal }: DemoOptions,
  transcript: Transcript,
): Promise<{ executionArn: string; transitions: number }> {
  const executionArn = await startBatch(deployment, {
    batchId,
    pipeline: 'vitals-summary',
    workers,
  });
  transcript.say(`  ${executionArn}`);
  let told = '';
  const started = performance.now();
  const elapsed = (): string =>
    `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(7);
  const end = await watchExecution(
    deployment,
    executionArn,
    {
      happened: ({ sentence }) => transcript.say(`  ${elapsed()}  ${sentence}`),
      counted({ DONE, FAILED }, objects) {
        const line = `objects: ${DONE} done, ${FAILED} failed, of ${objects}`;
        if (line !== told) transcript.say(`  ${elapsed()}  ${line}`);
        told = line;
      },
    },
    signal,
  );
  const because = end.error === undefined ? '' : `: ${end.error}: ${end.cause ?? ''}`;
  transcript.check(
    'execution succeeded',
    end.status === 'SUCCEEDED',
    `${end.status} with ${end.transitions} transitions${because}`,
  );
  return { executionArn, transitions: end.transitions };
}

async function fetchResults(
  batchId: string,
  resultsDir: string,
  state: LocalState,
  transcript: Transcript,
  signal: AbortSignal,
): Promise<void> {
  const args = ['--json', 'results', 'get', batchId, '--to', resultsDir];
  const run = await runCzar(args, roleEnvironment(state, 'researcher'), undefined, signal);
  transcript.check('results fetched', run.exitCode === 0, `czar results get: exit ${run.exitCode}`);
  if (run.exitCode !== 0) return;
  for (const { name, published, found } of await readFigures(resultsDir)) {
    transcript.check(name, published === found, `${name}: ${found} (published: ${published})`);
  }
  transcript.say(`  kept in ${resultsDir}`);
}
