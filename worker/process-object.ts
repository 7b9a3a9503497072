import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { CiphertextError } from '../envelope/ciphertext-error.ts';
import type { Digest } from '../envelope/digest-stream.ts';
import { exitCode, objectFileName, readReason } from '../pipelines/contract.ts';
import type { Pipeline } from '../pipelines/registry.ts';
import { inputKey, objectResultKey } from '../workflow/model/keys.ts';
import type { StoredResult } from '../workflow/model/ledger-items.ts';
import type { ManifestEntry } from '../workflow/model/manifest.ts';
import { type BatchEnvelope, placeOf } from './batch-envelope.ts';
import type { Delivery } from './batch-queue.ts';
import type { CommandRun } from './command-run.ts';
import { type Fetched, fetchObject, isMissing } from './fetch-object.ts';
import type { ManifestIndex } from './manifest-index.ts';
import { ObjectFault } from './object-fault.ts';
import { listOutput, OutputError, packOutput } from './pack-output.ts';
import { type PipelineEnd, runPipeline } from './run-pipeline.ts';
import { makeDirectory, wipe } from './scratch.ts';
import { isNearlyFull, ScratchFullError } from './scratch-fault.ts';
import { findResult, largestResultBytes, storeResult } from './store-result.ts';
import type { Turns } from './turns.ts';
import type { WorkerDeps } from './worker-deps.ts';

/** What the objects of one run have in common. */
export interface BatchWork extends CommandRun<'process'> {
  readonly pipeline: Pipeline;
  readonly manifest: ManifestIndex;
  readonly envelope: BatchEnvelope;
  /** The pipelines' directory of reference data. */
  readonly reference: string;
  /** The objects share one disk: one that found it full is tried again with nobody beside it. */
  readonly turns: Turns;
}

/** The pipeline's process ended without saying that the data is bad: it may do better next time. */
export class PipelineEndedError extends Error {
  override readonly name = 'PipelineEndedError';
  readonly code = 'PipelineEndedError';
  /** A word for the ledger, where it was the worker that ended it. */
  readonly pipelineReason: string | undefined;

  constructor(end: PipelineEnd) {
    super(`The pipeline ended: ${end.kind === 'exit' ? end.exitCode : end.by}.`);
    this.pipelineReason = end.kind === 'killed' ? killReasons[end.by] : undefined;
  }
}

const killReasons = {
  'time limit': 'KILLED_AT_TIME_LIMIT',
  'memory limit': 'KILLED_AT_MEMORY_LIMIT',
  signal: undefined,
} as const;

/**
 * Makes one object's result: fetch, decrypt, run the pipeline, pack, encrypt, store.
 *
 * Repeatable at any point: nothing is visible outside before the one conditional PUT, and a result
 * that an earlier delivery stored is found and taken. The object's scratch is wiped on every way out.
 *
 * @throws ObjectFault where another try would end the same way; anything else may pass
 */
export async function processObject(
  delivery: Delivery,
  work: BatchWork,
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<StoredResult> {
  const { objectId, receiveCount } = delivery;
  const entry = await work.manifest.find(objectId);
  if (entry === undefined) throw new ObjectFault('NOT_IN_MANIFEST');
  if (!work.pipeline.contract.acceptedTypes.includes(entry.mediaType)) {
    throw new ObjectFault('TYPE_NOT_ACCEPTED');
  }
  const place = placeOf(deps, work.command);
  const stored = { bucket: deps.settings.resultBucket, key: objectResultKey(place, objectId) };
  if (receiveCount > 1) {
    // An earlier delivery may have ended between its PUT and its note in the ledger.
    const before = await findResult(deps.s3, stored);
    if (before !== undefined) return before;
  }
  const directory = join(work.scratch, randomUUID());
  try {
    await makeDirectory(directory);
    const input = await makeDirectory(directory, 'input');
    const output = await makeDirectory(directory, 'output');
    await fetchInput(entry, join(input, objectFileName), work, deps, signal);
    await runProcess(entry, { input, output, directory }, work, deps, signal);
    await wipe(input);
    const path = join(directory, 'result');
    const digest = await packResult(output, path, work, signal);
    const { result, before } = await storeResult(deps, stored, { ...digest, path }, signal);
    if (before) deps.log('result stored before', { objectId });
    return result;
  } finally {
    await wipe(directory);
  }
}

async function packResult(
  output: string,
  path: string,
  { envelope }: BatchWork,
  signal: AbortSignal,
): Promise<Digest> {
  try {
    const files = await listOutput(output);
    // Done, but with nothing to show for it: the object would be DONE without a result.
    if (files.length === 0) throw new ObjectFault('PIPELINE_REJECTED', 'OUTPUT_EMPTY');
    const digest = await packOutput(files, envelope.encryptor, path, signal);
    if (digest.sizeBytes <= largestResultBytes) return digest;
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    throw new ObjectFault('PIPELINE_REJECTED', 'OUTPUT_NOT_FILES');
  }
  throw new ObjectFault('PIPELINE_REJECTED', 'OUTPUT_TOO_LARGE');
}

async function fetchInput(
  entry: ManifestEntry,
  path: string,
  { command, envelope }: BatchWork,
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<void> {
  const key = inputKey(placeOf(deps, command), entry.objectId);
  const from = { bucket: deps.settings.inputBucket, key };
  let fetched: Fetched;
  try {
    fetched = await fetchObject(deps.s3, from, envelope.inputs, path, signal);
  } catch (error) {
    if (isMissing(error)) throw new ObjectFault('MISSING');
    if (error instanceof CiphertextError) {
      throw new ObjectFault(error.reason, undefined, { cause: error });
    }
    throw error;
  }
  const { ciphertext, plaintext } = fetched;
  const isAsListed =
    ciphertext.sha256 === entry.ciphertextSha256 &&
    ciphertext.sizeBytes === entry.ciphertextBytes &&
    plaintext.sha256 === entry.sha256 &&
    plaintext.sizeBytes === entry.sizeBytes;
  if (!isAsListed) throw new ObjectFault('DIGEST_MISMATCH');
}

async function runProcess(
  { objectId, mediaType }: ManifestEntry,
  { input, output, directory }: { input: string; output: string; directory: string },
  { pipeline, reference }: BatchWork,
  { pace, cell }: WorkerDeps,
  signal: AbortSignal,
): Promise<void> {
  const temporary = await makeDirectory(directory, 'temporary');
  const end = await runPipeline(pipeline.processEntry, {
    run: { input, output, reference, temporary, object: { objectId, mediaType } },
    limits: pipeline.contract.limits,
    cell,
    memoryCheckMilliseconds: pace.memoryCheckMilliseconds,
    signal,
  });
  const isDone = end.kind === 'exit' && end.exitCode === exitCode.done;
  const isFull = !isDone && (await isNearlyFull(temporary));
  await wipe(temporary);
  if (isDone) return;
  if (end.kind === 'exit' && end.exitCode === exitCode.badData) {
    throw new ObjectFault('PIPELINE_REJECTED', await readReason(output));
  }
  if (isFull) throw new ScratchFullError('The pipeline ended on a full scratch volume.');
  throw new PipelineEndedError(end);
}
