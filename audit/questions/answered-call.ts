import * as z from 'zod';
import type { AccessRecord } from '../access/access-record.ts';
import { denials } from '../access/calls.ts';
import { Principal, principalOf } from '../access/principal.ts';
import { Thing, thingsOf } from './things.ts';

/** A call as an answer tells it: who called what on what, when, and what became of it. */
export const AnsweredCall = z.strictObject({
  at: z.string(),
  by: Principal,
  /** As policies name it: `s3:GetObject`. */
  call: z.string(),
  on: z.array(Thing),
  /** Denied: by a policy. Failed: allowed, and it came to nothing for another reason. */
  outcome: z.enum(['allowed', 'denied', 'failed']),
  error: z.string().optional(),
});
export type AnsweredCall = z.infer<typeof AnsweredCall>;

/** Services and clients name calls and errors like this; what has another form is not repeated. */
const name = /^[A-Za-z][A-Za-z0-9.]{0,79}$/;
const named = (text: string): string => (name.test(text) ? text : 'unknown');

/** Reads a record of the access log as an answer tells it. */
export function answeredCall(record: AccessRecord, study: string): AnsweredCall {
  const { eventTime: at, eventSource, eventName, errorCode } = record;
  return {
    at,
    by: principalOf(record, study),
    call: `${named(eventSource.split('.')[0] ?? '')}:${named(eventName)}`,
    on: thingsOf(record),
    outcome: outcomeOf(errorCode),
    ...(errorCode !== undefined && { error: named(errorCode) }),
  };
}

function outcomeOf(errorCode: string | undefined): AnsweredCall['outcome'] {
  if (errorCode === undefined) return 'allowed';
  return denials.has(errorCode) ? 'denied' : 'failed';
}
