import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CiphertextError } from '../envelope/ciphertext-error.ts';
import { listObjects } from '../ledger/objects.ts';
import { forEachBounded } from '../runtime/for-each-bounded.ts';
import { unpackTarFile } from '../runtime/unpack-tar.ts';
import { PipelineFailedError } from '../workflow/model/errors.ts';
import { objectResultKey } from '../workflow/model/keys.ts';
import type { ObjectItem } from '../workflow/model/ledger-items.ts';
import { type BatchEnvelope, placeOf } from './batch-envelope.ts';
import type { CommandRun } from './command-run.ts';
import { type Fetched, fetchObject, isMissing } from './fetch-object.ts';
import { makeDirectory } from './scratch.ts';
import type { WorkerDeps } from './worker-deps.ts';

/** Results under way at once: they are small, so a GET's wait is most of their time. */
const resultsAtOnce = 8;

/**
 * Fetches the results of all objects that are DONE, and unpacks each into `<directory>/<objectId>`.
 *
 * A result is unpacked only after its last frame authenticated and its digest was found to be the
 * ledger's.
 *
 * @throws PipelineFailedError where a result is not what the ledger says
 */
export async function fetchResults(
  { command, scratch, signal }: CommandRun<'consolidate'>,
  envelope: BatchEnvelope,
  directory: string,
  deps: WorkerDeps,
): Promise<void> {
  await forEachBounded(doneObjects(deps, command.batchId), resultsAtOnce, async (object) => {
    signal.throwIfAborted();
    const { objectId } = object;
    const tar = join(scratch, `${objectId}.tar`);
    const key = objectResultKey(placeOf(deps, command), objectId);
    const from = { bucket: deps.settings.resultBucket, key };
    let fetched: Fetched;
    try {
      fetched = await fetchObject(deps.s3, from, envelope.results, tar, signal);
    } catch (error) {
      if (!isMissing(error) && !(error instanceof CiphertextError)) throw error;
      throw notAsRecorded(object, { cause: error });
    }
    if (fetched.ciphertext.sha256 !== object.result?.sha256) throw notAsRecorded(object);
    await unpackTarFile(tar, await makeDirectory(directory, objectId), signal);
    await rm(tar);
  });
}

async function* doneObjects({ table }: WorkerDeps, batchId: string): AsyncGenerator<ObjectItem> {
  for await (const object of listObjects(table, batchId)) {
    if (object.state === 'DONE') yield object;
  }
}

function notAsRecorded({ objectId }: ObjectItem, options?: ErrorOptions): PipelineFailedError {
  return new PipelineFailedError(
    `the stored result of object ${objectId} is not the one that the ledger names`,
    options,
  );
}
