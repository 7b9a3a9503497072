import {
  CzarError,
  KeyUnavailableError,
  PermissionError,
  WorkerBrokenError,
} from '../workflow/model/errors.ts';
import { isAwsError, translateAwsError } from './aws-errors.ts';

/** What KMS says of a key that nobody can use. */
const keyUnusable = new Set([
  'DisabledException',
  'KMSInvalidStateException',
  'KeyUnavailableException',
  'NotFoundException',
]);

/**
 * Says why no other object would fare better, where that is so: a right is missing, the key is, or
 * the worker is broken.
 *
 * Such an error ends the worker instead of using up the tries of every object.
 */
export function findFatal(error: unknown): CzarError | undefined {
  if (error instanceof WorkerBrokenError) return error;
  if (isAwsError(error, keyUnusable)) {
    return new KeyUnavailableError(`the data key cannot be used: ${error.name}`, { cause: error });
  }
  const translated = translateAwsError(error);
  return translated instanceof PermissionError ? translated : undefined;
}

/** Turns whatever ended a command into an error that the state machine can match. */
export function toCzarError(error: unknown): CzarError {
  const known = findFatal(error) ?? translateAwsError(error);
  if (known instanceof CzarError) return known;
  return new WorkerBrokenError(`unforeseen: ${errorCode(error)}`, { cause: error });
}

/** A word for an error that is safe to log and to answer: its code or name, never its message. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'Unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name;
}
