import { setTimeout as sleep } from 'node:timers/promises';
import { AwsUnavailableError } from '../workflow/model/errors.ts';
import { translateAwsError } from './aws-errors.ts';

/** How long the worker bears with AWS before it gives a call up. */
export interface Patience {
  /** What the SDK's clients ask before they repeat a call. */
  readonly retryStrategy: PatientRetries;
  /**
   * Waits before another try, `tries` being how many there were since `began`. Answers false, at
   * once, where there is to be none.
   */
  wait(began: number, tries: number): Promise<boolean>;
  /** From this abort on nothing is worth a wait but the few tries that an answer needs. */
  endWith(signal: AbortSignal): void;
}

/** The SDK's own interface of a retry strategy, as far as it is used here. */
interface PatientRetries {
  acquireInitialRetryToken(scope: string): Promise<RetryToken>;
  refreshRetryTokenForRetry(token: RetryToken, failure: Failure): Promise<RetryToken>;
  recordSuccess(token: RetryToken): void;
}

interface RetryToken {
  getRetryCount(): number;
  getRetryDelay(): number;
  readonly began: number;
}

interface Failure {
  readonly errorType: string;
  readonly error?: unknown;
}

const passing = new Set(['THROTTLING', 'TRANSIENT', 'SERVER_ERROR']);

const longestWaitSeconds = 20;

/** Tries of a call after the end: some three seconds. */
const lastTries = 5;

/**
 * Makes the patience of a worker: calls that AWS throttles, or fails on its side, are repeated for
 * `seconds`, and then given up.
 *
 * The SDK's own strategies count tries: six of them are over within two seconds where a service
 * answers 500, and every object of a batch would use up its deliveries in the first bad minute.
 * Waits double up to 20 s, of which a random half is left out so that workers do not come in step.
 */
export function createPatience(seconds: number, unitMilliseconds = 1000): Patience {
  const ended = new AbortController();

  const wait = async (began: number, tries: number): Promise<boolean> => {
    const isOver = performance.now() - began > seconds * 1000;
    if (isOver || (ended.signal.aborted && tries > lastTries)) return false;
    const most = ended.signal.aborted ? 1 : longestWaitSeconds;
    const waitSeconds = Math.min(2 ** (tries - 2), most) * (0.5 + Math.random() / 2);
    const cut = ended.signal.aborted ? undefined : ended.signal;
    await sleep(waitSeconds * unitMilliseconds, undefined, { signal: cut }).catch(() => undefined);
    return true;
  };

  const token = (count: number, began: number): RetryToken => ({
    getRetryCount: () => count,
    getRetryDelay: () => 0,
    began,
  });
  return {
    wait,
    endWith(signal) {
      if (signal.aborted) ended.abort();
      else signal.addEventListener('abort', () => ended.abort(), { once: true });
    },
    retryStrategy: {
      acquireInitialRetryToken: () => Promise.resolve(token(0, performance.now())),
      async refreshRetryTokenForRetry(last, { errorType, error }) {
        const tries = last.getRetryCount() + 1;
        if (isOnlySkewed(error)) {
          if (tries === 1) return token(tries, last.began);
          throw new Error('No other try.');
        }
        if (passing.has(errorType) && (await wait(last.began, tries))) {
          return token(tries, last.began);
        }
        throw new Error('No other try.');
      },
      recordSuccess: () => undefined,
    },
  };
}

/**
 * Says whether the SDK calls an error passing for no other reason than that it set its clock by it.
 *
 * Where the worker's clock is wrong it does so at every error, a refusal for good among them. One
 * more try, with the right time, tells.
 */
function isOnlySkewed(error: unknown): boolean {
  if (!(error instanceof Error) || !('$metadata' in error)) return false;
  const { clockSkewCorrected } = error.$metadata as { clockSkewCorrected?: boolean };
  if (clockSkewCorrected !== true) return false;
  return !(translateAwsError(error) instanceof AwsUnavailableError);
}
