import { setTimeout as sleep } from 'node:timers/promises';
import { LeaseLostError } from '../../ledger/sensors/fence.ts';
import { type Lease, releaseLease, renewLease, takeLease } from '../../ledger/sensors/lease.ts';
import { errorCode } from '../../runtime/fatal-error.ts';
import { mintCode } from '../../workflow/model/code.ts';
import { lockMachine } from './machine-lock.ts';
import type { PollerDeps } from './poller-deps.ts';

/** A lease that is kept until it is released. */
export interface HeldLease {
  /** As it was when it was taken, with what its owner before left undone. */
  readonly lease: Lease;
  /** Aborted with {@link LeaseLostError} when it is lost, or may be. */
  readonly signal: AbortSignal;
  /** `isClean`: every message that was received is deleted. */
  release(isClean: boolean): Promise<void>;
}

type HoldDeps = Pick<
  PollerDeps,
  'sensors' | 'workbench' | 'spoolDirectory' | 'pace' | 'randomByte' | 'now' | 'log'
>;

/**
 * Takes the lease and renews it; undefined where another poller has it.
 *
 * The renewal spares work in vain. What keeps a poller that lost the lease from doing harm is the fence
 * of each write. The lease of a poller that was killed on this machine is taken at once; one that is
 * frozen keeps it until its time is over.
 */
export async function holdLease(deps: HoldDeps): Promise<HeldLease | undefined> {
  const { sensors, workbench, pace, now, log } = deps;
  const seconds = pace.leaseSeconds;
  const owner = mintCode(21, deps.randomByte);
  let renewedAt = performance.now();
  const lock = await lockMachine(deps.spoolDirectory);
  const isAlone = lock !== undefined;
  const taken = takeLease(sensors, { owner, workbench, isAlone, seconds, now: now() });
  const lease = await taken.catch(async (error: unknown) => {
    await lock?.release();
    throw error;
  });
  if (lease === undefined) {
    await lock?.release();
    return undefined;
  }
  const lost = new AbortController();
  const stopped = new AbortController();

  const keep = async (): Promise<void> => {
    for (;;) {
      await sleep(pace.renewMilliseconds, undefined, { signal: stopped.signal, ref: false });
      const began = performance.now();
      try {
        await renewLease(sensors, lease, { seconds, now: now() });
        renewedAt = began;
      } catch (error) {
        log('lease not renewed', { code: errorCode(error) });
        const isOver = performance.now() - renewedAt > seconds * 1000;
        if (!isOver && !(error instanceof LeaseLostError)) continue;
        lost.abort(new LeaseLostError({ cause: error }));
        return;
      }
    }
  };
  // Only its stop ends it otherwise.
  const kept = keep().catch(() => undefined);
  return {
    lease,
    signal: lost.signal,
    async release(isClean) {
      stopped.abort();
      await kept;
      try {
        await releaseLease(sensors, lease, { now: now(), isClean });
      } catch (error) {
        log('lease not released', { code: errorCode(error) });
      }
      await lock?.release();
    },
  };
}
