import * as z from 'zod';
import * as errors from '../workflow/model/errors.ts';

const own = new Set(Object.values(errors).flatMap((each) => ('code' in each ? [each.code] : [])));

/** Errors of AWS's own: nobody but the services themselves uses these prefixes. */
const ofAws = /^(?:States|Lambda|Sandbox|Runtime)\.[A-Z][A-Za-z.]{2,50}$/;

/** Stands for an error's name that is none of ours and none of AWS's. */
export const otherError = 'OtherError';

/** An error's name as evidence tells it. */
export const ErrorCode = z.union([
  z.enum([...own]),
  z.string().regex(ofAws),
  z.literal(otherError),
]);
export type ErrorCode = z.infer<typeof ErrorCode>;

/**
 * Reads the name of an error.
 *
 * Whoever stops an execution may type anything for its error, so a name that is not known is
 * replaced and never repeated.
 */
export function errorCode(name: string | undefined): ErrorCode | undefined {
  if (name === undefined || name === '') return undefined;
  return own.has(name) || ofAws.test(name) ? name : otherError;
}
