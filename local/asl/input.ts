import { TaskFailedError, type Failure } from './failure.ts';
import type { Json } from './json.ts';

/**
 * What reaches an execution from outside.
 *
 * `operation` counts what the execution asked of the outside (timers, requests, task tokens) from its start,
 * so it means the same when the execution is lived through again.
 */
export type InputBody =
  | { readonly kind: 'fired'; readonly operation: number }
  | { readonly kind: 'result'; readonly operation: number; readonly value: Json }
  | { readonly kind: 'failure'; readonly operation: number; readonly failure: Failure }
  /** A runner broke down: of its error only the name is kept, a message could carry data. */
  | { readonly kind: 'breakdown'; readonly operation: number; readonly errorName: string }
  | { readonly kind: 'heartbeat'; readonly operation: number }
  | { readonly kind: 'stop'; readonly error?: string; readonly cause?: string }
  | { readonly kind: 'redrive'; readonly clientToken?: string };

/** An input with the time at which it came: the only time that the execution sees until the next one. */
export type Input = InputBody & { readonly atMs: number };

/** The input that a request's error makes. */
export function failedRequest(operation: number, error: unknown): InputBody {
  if (error instanceof TaskFailedError)
    return { kind: 'failure', operation, failure: error.failure };
  const errorName = error instanceof Error ? error.name : typeof error;
  return { kind: 'breakdown', operation, errorName };
}

/** The error that an input of a request makes again. */
export function errorOf(input: Extract<InputBody, { kind: 'failure' | 'breakdown' }>): Error {
  if (input.kind === 'failure') return new TaskFailedError(input.failure);
  return Object.assign(new Error('a runner broke down'), { name: input.errorName });
}
