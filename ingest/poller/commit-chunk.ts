import { announceChunk, commitChunk, endCommit } from '../../ledger/sensors/lease.ts';
import { inputKey } from '../../workflow/model/keys.ts';
import { applyCommit, type ApplyDeps } from './apply-commit.ts';
import type { EncryptedObject } from './build-objects.ts';
import { CommitRecord } from './commit-record.ts';
import type { PollerDeps } from './poller-deps.ts';
import { putOnce } from './put-once.ts';
import type { Spool, SpooledChunk } from './spool.ts';

/** What a commit needs. */
export interface CommitDeps extends ApplyDeps {
  readonly poller: PollerDeps;
  readonly spool: Spool;
  readonly signal: AbortSignal;
}

/**
 * Stores the objects of a chunk and decides that its messages are received.
 *
 * They are in the spool before the chunk is announced, and announced before the first is sent: whatever
 * a poller may have sent, the next one sends again, byte by byte, and commits. One that lost its lease
 * cannot announce any more, and so sends nothing that nobody will know of.
 *
 * @throws LeaseLostError
 */
export async function commitNew(chunk: SpooledChunk, deps: CommitDeps): Promise<void> {
  if (chunk.objects.length > 0) {
    await deps.spool.write(chunk);
    deps.signal.throwIfAborted();
    await announceChunk(deps.sensors, deps.fence, chunk.record.chunk);
  }
  await commitSpooled(chunk, deps);
}

/** The same from there on where the chunk is in the spool, and announced. */
export async function commitSpooled(
  { record, objects }: SpooledChunk,
  deps: CommitDeps,
): Promise<void> {
  await Promise.all(objects.map((object) => storeObject(object, deps)));
  deps.signal.throwIfAborted();
  const { chunk } = record;
  await commitChunk(deps.sensors, deps.fence, { chunk, record: JSON.stringify(record) });
  await finishCommit(record, deps);
}

/** The same where it is committed. */
export async function finishCommit(record: CommitRecord, deps: CommitDeps): Promise<void> {
  await applyCommit(record, deps);
  await endCommit(deps.sensors, deps.fence);
}

async function storeObject(
  { committed, ciphertext }: EncryptedObject,
  { poller }: CommitDeps,
): Promise<void> {
  const { study, inputBucket } = poller.settings;
  const { batchId, objectId } = committed;
  await putOnce(poller, {
    bucket: inputBucket,
    key: inputKey({ study, batchId }, objectId),
    body: ciphertext,
  });
}
