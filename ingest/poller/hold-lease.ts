import { setTimeout as sleep } from 'node:timers/promises';
import { LeaseLostError } from '../../ledger/sensors/fence.ts';
import { type Lease, releaseLease, renewLease, takeLease } from '../../ledger/sensors/lease.ts';
import { errorCode } from '../../runtime/fatal-error.ts';
import { mintCode } from '../../workflow/model/code.ts';
import type { PollerDeps } from './poller-deps.ts';

/** A lease that is kept until it is released. */
export interface HeldLease {
  /** As it was when it was taken, with what its owner before left undone. */
  readonly lease: Lease;
  /** Aborted with {@link LeaseLostError} when it is lost, or may be. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

type HoldDeps = Pick<PollerDeps, 'sensors' | 'pace' | 'randomByte' | 'now' | 'log'>;

/**
 * Takes the lease and renews it; undefined where another poller has it.
 *
 * The renewal spares work in vain. What keeps a poller that lost the lease from doing harm is the fence
 * of each write.
 */
export async function holdLease(deps: HoldDeps): Promise<HeldLease | undefined> {
  const { sensors, pace, now, log } = deps;
  const seconds = pace.leaseSeconds;
  const owner = mintCode(21, deps.randomByte);
  let renewedAt = performance.now();
  const lease = await takeLease(sensors, { owner, seconds, now: now() });
  if (lease === undefined) return undefined;
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
    async release() {
      stopped.abort();
      await kept;
      try {
        await releaseLease(sensors, lease, now());
      } catch (error) {
        log('lease not released', { code: errorCode(error) });
      }
    },
  };
}
