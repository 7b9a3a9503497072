import * as errors from './errors.ts';

const own = new Set(Object.values(errors).flatMap((each) => ('code' in each ? [each.code] : [])));

/** Errors of AWS's own: nobody but the services themselves uses these prefixes. */
const ofAws = /^(?:States|Lambda|Sandbox|Runtime)\.[A-Z][A-Za-z.]{2,50}$/;

/** Why a batch FAILED whose execution told no error, by how that one ended. */
export const endReasons = {
  ABORTED: 'ExecutionAborted',
  TIMED_OUT: 'ExecutionTimedOut',
  FAILED: 'ExecutionFailed',
  EXPIRED: 'ExecutionExpired',
} as const;

const ends = new Set<string>(Object.values(endReasons));

/**
 * Whether a name is that of an error of ours, of AWS's, or of an execution's end.
 *
 * Whoever stops an execution may type anything for its error, in the form of a name, too: what such
 * an execution says of itself is repeated only if it is one of these.
 */
export function isKnownReason(name: string): boolean {
  return own.has(name) || ofAws.test(name) || ends.has(name);
}

/** What a runtime or a library calls its errors: `TypeError`, `ThrottlingException`. */
const errorName = /^[A-Z][A-Za-z]{2,50}(?:Error|Exception)$/;

/** Stands for an error that a state machine caught and whose name is none. */
const unexpected = 'UnexpectedError';

/**
 * Reads the name of an error that a state machine caught, from which nobody types one.
 *
 * What has not the form of an error's name is replaced, and never repeated.
 */
export function caughtReason(name: string): string {
  return isKnownReason(name) || errorName.test(name) ? name : unexpected;
}
