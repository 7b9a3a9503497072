import { join } from 'node:path';
import { getBatch, recordBatchResult } from '../ledger/batches.ts';
import { exitCode } from '../pipelines/contract.ts';
import type { Pipeline } from '../pipelines/registry.ts';
import { ObjectsFailedError, PipelineFailedError } from '../workflow/model/errors.ts';
import { batchResultKey } from '../workflow/model/keys.ts';
import type { StoredResult } from '../workflow/model/ledger-items.ts';
import { ConsolidateReply } from '../workflow/model/worker-command.ts';
import { type BatchEnvelope, openEnvelope, placeOf } from './batch-envelope.ts';
import type { CommandRun } from './command-run.ts';
import { fetchResults } from './fetch-results.ts';
import { openManifest } from './manifest-index.ts';
import { listOutput, OutputError, packOutput, type OutputFile } from './pack-output.ts';
import { requirePipeline } from './process-batch.ts';
import { runPipeline } from './run-pipeline.ts';
import { makeDirectory } from './scratch.ts';
import { type Settled, settleObjects, takenError } from './settle-objects.ts';
import { largestResultBytes, storeResult } from './store-result.ts';
import type { WorkerDeps } from './worker-deps.ts';

type Run = CommandRun<'consolidate'>;

/**
 * Makes the batch's one result of the results of its objects.
 *
 * Repeatable at any point: objects are ended once, and a result of the same objects that is stored
 * already stands.
 *
 * @throws BatchTakenError where another run has the batch
 * @throws ManifestMismatchError where manifest and ledger differ
 * @throws ObjectsFailedError where more objects failed than the request tolerates
 * @throws PipelineFailedError where the pipeline failed, or a result is not what the ledger says
 */
export async function consolidateBatch(run: Run, deps: WorkerDeps): Promise<ConsolidateReply> {
  const { command, scratch } = run;
  const pipeline = await requirePipeline(deps.paths.pipelines, command.pipeline);
  const envelope = openEnvelope(deps, command);
  const settled = await settle(run, envelope, deps);
  refuseFailed(settled, command.tolerateFailedObjects);

  const input = await makeDirectory(scratch, 'input');
  await fetchResults(run, envelope, input, deps);
  const files = await runConsolidation(pipeline, input, run, deps);
  const result = await store(files, settled, envelope, run, deps);
  if (!(await recordBatchResult(deps.table, command, result))) {
    throw takenError(command.batchId);
  }
  return {
    objects: settled.done + settled.failed,
    done: settled.done,
    failed: settled.failed,
    resultKey: result.key,
    resultBytes: result.sizeBytes,
    resultSha256: result.sha256,
  };
}

/** The number of this run of the batch. @throws BatchTakenError where the batch is another's by now */
async function ownRun({ batchId, executionArn, redrive }: Run['command'], { table }: WorkerDeps) {
  const batch = await getBatch(table, batchId);
  const isOwn = batch?.executionArn === executionArn && (batch.redrive ?? 0) === redrive;
  if (!isOwn || batch.state !== 'OPEN') throw takenError(batchId);
  return batch.runs ?? 1;
}

async function settle(run: Run, { inputs }: BatchEnvelope, deps: WorkerDeps): Promise<Settled> {
  const { s3, settings } = deps;
  const { batchId } = run.command;
  const own = { batchId, run: await ownRun(run.command, deps) };
  const manifest = await openManifest(
    { s3, bucket: settings.inputBucket },
    placeOf(deps, run.command),
    inputs,
    join(run.scratch, 'manifest'),
    run.signal,
  );
  try {
    return await settleObjects(manifest, deps, own);
  } finally {
    await manifest.close();
  }
}

function refuseFailed({ done, failed, reasons }: Settled, tolerated: number): void {
  if (failed <= tolerated && done > 0) return;
  const counts = [...reasons].sort().map(([reason, count]) => `${count} ${reason}`);
  throw new ObjectsFailedError(
    `${failed} of ${done + failed} objects failed, ${tolerated} are tolerated` +
      (counts.length > 0 ? `: ${counts.join(', ')}` : ''),
  );
}

async function runConsolidation(
  { contract, consolidateEntry }: Pipeline,
  input: string,
  { scratch, signal }: Run,
  { pace, cell }: WorkerDeps,
): Promise<OutputFile[]> {
  const output = await makeDirectory(scratch, 'output');
  const end = await runPipeline(consolidateEntry, {
    run: {
      input,
      output,
      reference: await makeDirectory(scratch, 'reference'),
      temporary: await makeDirectory(scratch, 'temporary'),
    },
    limits: contract.limits,
    cell,
    memoryCheckMilliseconds: pace.memoryCheckMilliseconds,
    signal,
  });
  if (end.kind === 'killed') {
    throw new PipelineFailedError(`${contract.name}: consolidation was killed by the ${end.by}`);
  }
  if (end.exitCode !== exitCode.done) {
    throw new PipelineFailedError(`${contract.name}: consolidation ended with ${end.exitCode}`);
  }
  return checkedOutput(contract, output);
}

/** Holds what the consolidation left against what its contract declares. */
async function checkedOutput(
  { name, resultFiles }: Pipeline['contract'],
  output: string,
): Promise<OutputFile[]> {
  try {
    const files = await listOutput(output);
    const found = files.map((file) => file.name).join();
    if (found === [...resultFiles].sort().join()) return files;
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
  }
  throw new PipelineFailedError(`${name}: consolidation did not make exactly its resultFiles`);
}

async function store(
  files: readonly OutputFile[],
  { resultsSha256 }: Settled,
  { encryptor }: BatchEnvelope,
  { command, scratch, signal }: Run,
  deps: WorkerDeps,
): Promise<StoredResult> {
  const path = join(scratch, 'result');
  const digest = await packOutput(files, encryptor, path, signal);
  if (digest.sizeBytes > largestResultBytes) {
    throw new PipelineFailedError(
      `the result must be at most ${largestResultBytes} bytes, got ${digest.sizeBytes}`,
    );
  }
  const to = {
    bucket: deps.settings.resultBucket,
    key: batchResultKey(placeOf(deps, command), resultsSha256),
  };
  const { result, before } = await storeResult(deps, to, { ...digest, path }, signal);
  if (before) deps.log('result stored before', { batchId: command.batchId });
  return result;
}
