import * as z from 'zod';
import type { Access, Call, CallRecord } from '../../api.ts';
import { readInput } from '../../read-input.ts';

/** One call of an operation, read and understood, before any policy was asked. */
export interface Prepared {
  /** What the policies must all allow. */
  readonly access: readonly Access[];
  readonly record: Omit<CallRecord, 'eventName' | 'responseElements'>;
  run(): Answer;
}

/** What an operation answers: the JSON body, and what of it the access log may hold. */
export interface Answer {
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly responseElements?: Readonly<Record<string, unknown>>;
}

/** Reads the input of one operation. Throws what is wrong with it, before anything is done. */
export type Operation = (name: string, input: unknown, call: Call) => Prepared;

/** Joins an operation's schema, which is strict, with what it does. */
export function operation<Input>(
  schema: z.ZodType<Input>,
  prepare: (input: Input, call: Call) => Prepared,
): Operation {
  return (name, input, call) =>
    prepare(readInput({ service: 'KMS', operation: name }, schema, input), call);
}

/** `KeyId` of a request: an id, an ARN, an alias or an alias's ARN. */
export const KeyName = z.string().min(1).max(2048);

/** Bytes of a JSON request, base64. */
export function blob(maxBytes: number) {
  return z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((bytes) => bytes.length >= 1 && bytes.length <= maxBytes, {
      message: `must have between 1 and ${String(maxBytes)} bytes`,
    });
}

/** `EncryptionContext` of a request; absent means empty. */
export const EncryptionContextInput = z.record(z.string(), z.string()).default({});

/** `GrantTokens` of a request. */
export const GrantTokensInput = z.array(z.string().min(1).max(8192)).max(10).default([]);
