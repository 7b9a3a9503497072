import { createHash } from 'node:crypto';
import { abandonObject, getObject, listObjects } from '../ledger/objects.ts';
import type { LedgerTable } from '../ledger/table.ts';
import { mergeJoin } from '../runtime/merge-join.ts';
import { BatchTakenError, ManifestMismatchError } from '../workflow/model/errors.ts';
import type { FailureReason, ObjectItem } from '../workflow/model/ledger-items.ts';
import type { ManifestIndex } from './manifest-index.ts';

/** Where all objects of a batch ended. */
export interface Settled {
  readonly done: number;
  readonly failed: number;
  /** The failed ones by reason. */
  readonly reasons: ReadonlyMap<FailureReason, number>;
  /** SHA-256 over `<object id> <digest of its result>` of those that are done, in the order of their ids. */
  readonly resultsSha256: string;
}

/**
 * Ends every object that no worker ended, and counts how all of them ended.
 *
 * The workers are through: what is still open lies in the dead-letter queue, or its message was
 * lost. A late write of a worker that was given up is refused from here on, because the object is
 * no longer claimed. A repeated call finds everything ended and counts the same. One that comes late
 * itself ends nothing of a later run: an object that has been entered in one since it was read is
 * refused by the ledger, and one that had been before is refused here.
 *
 * @throws BatchTakenError where a later run of the batch than `run` has begun
 * @throws ManifestMismatchError where an object of the manifest was not listed, or as another one
 */
export async function settleObjects(
  manifest: ManifestIndex,
  { table, now }: { readonly table: LedgerTable; readonly now: () => Date },
  { batchId, run }: { readonly batchId: string; readonly run: number },
): Promise<Settled> {
  let done = 0;
  const reasons = new Map<FailureReason, number>();
  const results = createHash('sha256');
  for await (const { left, right } of mergeJoin(manifest.entries(), listObjects(table, batchId))) {
    // The ledger's digest is the listing's: an object without one was not listed.
    if (right === undefined || (left && left.ciphertextSha256 !== right.sha256)) {
      throw new ManifestMismatchError(
        `the listing and the manifest differ at object ${left?.objectId ?? ''}`,
      );
    }
    if ((right.run ?? run) > run) throw takenError(batchId);
    const { objectId, state, result, reason } = await settle(
      right,
      left !== undefined,
      table,
      now(),
    );
    if (state === 'DONE') {
      done += 1;
      results.update(`${objectId} ${result?.sha256 ?? ''}\n`);
    } else {
      const why = reason ?? 'NOT_PROCESSED';
      reasons.set(why, (reasons.get(why) ?? 0) + 1);
    }
  }
  const failed = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  return { done, failed, reasons, resultsSha256: results.digest('hex') };
}

/** A run that has the batch no longer finds so here. */
export const takenError = (batchId: string): BatchTakenError =>
  new BatchTakenError(`batch ${batchId} is not open for this execution`);

/** Ends an object if it is open. Answers it as it ended. */
async function settle(
  object: ObjectItem,
  isInManifest: boolean,
  table: LedgerTable,
  now: Date,
): Promise<Pick<ObjectItem, 'objectId' | 'state' | 'result' | 'reason'>> {
  if (object.state === 'DONE' || object.state === 'FAILED') return object;
  const reason = openReason(object, isInManifest);
  const { objectId } = object;
  const failed = { objectId, state: 'FAILED', reason } as const;
  if (await abandonObject(table, object, reason, now)) return failed;
  return (await getObject(table, object)) ?? failed;
}

function openReason({ attempts = 0 }: ObjectItem, isInManifest: boolean): FailureReason {
  if (!isInManifest) return 'NOT_IN_MANIFEST';
  return attempts > 0 ? 'RETRIES_EXHAUSTED' : 'NOT_PROCESSED';
}
