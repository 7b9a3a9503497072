import { StateFailedError, type Failure } from './failure.ts';
import type { Catcher, Retrier } from './model.ts';
import { matchesError, RetryPolicy } from './retry.ts';
import type { Conclusion, Visit } from './visit.ts';

interface Recoverable {
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
}

/**
 * Runs a state's work under its Retry and its Catch.
 *
 * `onGivenUp` records that the state as a whole failed (`MapStateFailed`), which happens after the last
 * attempt and before Catch is asked.
 */
export async function withRecovery(
  state: Recoverable,
  visit: Visit,
  attempt: () => Promise<Conclusion>,
  onGivenUp: () => void = () => undefined,
): Promise<Conclusion> {
  const { outside, random } = visit.runtime;
  const policy = new RetryPolicy(state.Retry ?? [], random);
  for (visit.retryCount = 0; ; visit.retryCount++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StateFailedError)) throw error;
      const delayMs = policy.nextDelayMs(error.failure);
      if (delayMs === undefined) return await giveUp(state, visit, error, onGivenUp);
      await outside.sleep(delayMs, visit.frame.signal);
    }
  }
}

async function giveUp(
  state: Recoverable,
  visit: Visit,
  error: StateFailedError,
  onGivenUp: () => void,
): Promise<Conclusion> {
  const { chain } = visit.frame;
  const beforeFailed = chain.last;
  onGivenUp();
  const failed = chain.last;

  const catchers = state.Catch ?? [];
  const index = catchers.findIndex(({ ErrorEquals }) => matchesError(ErrorEquals, error.failure));
  const catcher = catchers[index];
  if (!catcher) throw error;

  const errorOutput = errorOutputOf(error.failure);
  const options = { extras: { errorOutput }, prefix: `Catch[${index}]/` };
  try {
    // AWS evaluates a catcher from where the state stood before it failed, which shows only if that fails too.
    chain.last = beforeFailed;
    const conclusion = await visit.conclude(catcher, errorOutput, options);
    chain.last = failed;
    return conclusion;
  } catch (second) {
    if (second instanceof StateFailedError) onGivenUp();
    throw second;
  }
}

function errorOutputOf({ error, cause }: Failure) {
  return { Error: error ?? null, Cause: cause ?? null };
}
