import type { Lease } from '../../ledger/sensors/lease.ts';
import { type CommitDeps, commitSpooled, finishCommit } from './commit-chunk.ts';
import { CommitRecord } from './commit-record.ts';

/**
 * Ends what the poller before left undone, before anything new is received.
 *
 * A chunk that was announced and is not in the spool any more (another disk) is left: its messages are
 * in the queue still, because nothing was deleted. What it may have stored in S3D is then an object
 * that no manifest has.
 *
 * @throws LeaseLostError
 */
export async function takeOver({ commit, intent }: Lease, deps: CommitDeps): Promise<void> {
  const { log } = deps.poller;
  if (commit !== undefined) {
    const record = CommitRecord.parse(JSON.parse(commit));
    await finishCommit(record, deps);
    log('commit taken over', { chunk: record.chunk });
  } else if (intent !== undefined) {
    const spooled = await deps.spool.read(intent);
    if (spooled === undefined) log('spool lost', { chunk: intent });
    else {
      await commitSpooled(spooled, deps);
      log('chunk taken over', { chunk: intent });
    }
  }
  await deps.spool.clear();
}
