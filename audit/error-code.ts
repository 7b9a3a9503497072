import * as z from 'zod';
import { isKnownReason } from '../workflow/model/reason.ts';

/** Stands for an error's name that is none of ours and none of AWS's. */
export const otherError = 'OtherError';

/** An error's name as evidence tells it. */
export const ErrorCode = z.string().refine((name) => name === otherError || isKnownReason(name), {
  error: 'must be the name of an error of ours or of AWS',
});
export type ErrorCode = z.infer<typeof ErrorCode>;

/**
 * Reads the name of an error.
 *
 * Whoever stops an execution may type anything for its error, so a name that is not known is
 * replaced and never repeated.
 */
export function errorCode(name: string | undefined): ErrorCode | undefined {
  if (name === undefined || name === '') return undefined;
  return isKnownReason(name) ? name : otherError;
}
