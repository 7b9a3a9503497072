import type * as z from 'zod';
import { ApiError } from './api.ts';

/** Whose input is read, and how that service tells that it is wrong. */
export interface InputOf {
  /** As a person calls it, e.g. `Step Functions`. */
  readonly service: string;
  readonly operation: string;
  /** @default ValidationException */
  readonly invalidCode?: string;
  /** What the first item of a list is called. @default 0 */
  readonly countFrom?: 0 | 1;
}

/**
 * Reads the input of an operation with a strict schema.
 *
 * @throws ApiError UnsupportedOperation naming a parameter that is not known here, or the service's
 * own code naming the one that is wrong. Never its value, which may be a plaintext or a token.
 */
export function readInput<Schema extends z.ZodType>(
  { service, operation, invalidCode = 'ValidationException', countFrom = 0 }: InputOf,
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  // What is not known comes first: another fault of the same request may follow from it.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const parameter = [...(issue?.path ?? []), ...unknown]
    .map((part) => (typeof part === 'number' ? String(part + countFrom) : String(part)))
    .join('.');
  if (unknown.length > 0) throw unsupported(service, `${operation}: parameter ${parameter}`);
  throw new ApiError(
    invalidCode,
    `1 validation error detected: Value at '${parameter}' failed to satisfy constraint: ${issue?.message ?? 'is invalid'}`,
  );
}

/** The error of an operation, or a parameter of one, that the embedded cloud does not have. */
export function unsupported(service: string, what: string): ApiError {
  return new ApiError(
    'UnsupportedOperation',
    `${service} ${what} is not supported by the embedded cloud`,
    501,
  );
}

/** Reads the body of a JSON request; an empty one is an empty object. @throws ApiError SerializationException */
export function parseBody(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw new ApiError('SerializationException', 'The body is not JSON.');
  }
}

/** A time as AWS's JSON protocols write it: seconds since 1970. What is undefined is left out there. */
export function epochSeconds<Time extends Date | undefined>(
  time: Time,
): Time extends Date ? number : number | undefined;
export function epochSeconds(time: Date | undefined): number | undefined {
  return time === undefined ? undefined : time.getTime() / 1000;
}
