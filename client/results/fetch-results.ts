import { join } from 'node:path';
import { getBatch } from '../../ledger/batches.ts';
import { listObjects } from '../../ledger/objects.ts';
import type { BatchItem, StoredResult } from '../../workflow/model/ledger-items.ts';
import type { Deployment } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { fetchResult, resultDecryptor } from './fetch-result.ts';
import { fillFolder } from './private-folder.ts';

/** What to fetch, and where to. */
export interface ResultsOptions {
  readonly batchId: string;
  /** A folder that does not exist yet. */
  readonly folder: string;
  /** Fetches the results of each single object as well, to `objects/<objectId>/`. */
  readonly objects: boolean;
  readonly signal: AbortSignal;
}

/** What was fetched. */
export interface FetchedResults {
  /** Files of the consolidated result. */
  readonly files: readonly string[];
  /** Objects whose own results were fetched. */
  readonly objects: number;
}

/** Where the results of single objects go, in the folder of the consolidated one. */
const objectsFolder = 'objects';

/**
 * Fetches and decrypts the results of a batch.
 *
 * The folder appears only when every result in it was authenticated and is the one that the ledger
 * noted.
 */
export async function fetchResults(
  deployment: Deployment,
  { batchId, folder, objects, signal }: ResultsOptions,
  output: Output,
): Promise<FetchedResults> {
  const decryptor = resultDecryptor(deployment, batchId);
  return fillFolder(folder, async (part) => {
    const batch = await getBatch(deployment.ledger, batchId);
    const files = await fetchResult(deployment, resultOf(batch), decryptor, part, signal);
    if (!objects) return { files, objects: 0 };
    if (files.some((name) => name.split('/')[0] === objectsFolder)) {
      throw new UserError(
        'badInput',
        'the result has a folder called objects: leave --objects out',
      );
    }
    let count = 0;
    for await (const { objectId, result } of listObjects(deployment.ledger, batchId)) {
      if (result === undefined) continue;
      const place = join(part, objectsFolder, objectId);
      await fetchResult(deployment, result, decryptor, place, signal);
      count += 1;
      output.progress('objects', { objects: count }, `results of ${count} objects`);
    }
    return { files, objects: count };
  });
}

/** @throws UserError which says why there is no result, by the batch's state. */
function resultOf(batch: BatchItem | undefined): StoredResult {
  if (batch?.result !== undefined) return batch.result;
  const why = {
    UPLOADING: 'is not sealed yet',
    SEALED: 'has not been started',
    OPEN: 'is being processed',
    SUCCEEDED: 'has no consolidated result',
    FAILED: 'failed before it had a result',
  } as const;
  const state = batch === undefined ? 'is unknown' : why[batch.state];
  throw new UserError('badInput', `there is nothing to fetch: the batch ${state}`);
}
