import type * as z from 'zod';
import type { Call } from '../../api.ts';
import { readInput } from '../../read-input.ts';

/** One operation of SSM: reads its input, asks the policies, answers the body. */
export type Operation = (
  name: string,
  input: unknown,
  call: Call,
) => Readonly<Record<string, unknown>>;

/**
 * Joins an operation's schema, which is strict, with what it does.
 *
 * The operation throws ApiError UnsupportedOperation naming a parameter that it does not know. An
 * error never holds a parameter's value, which may be a task token.
 */
export function operation<Input>(
  schema: z.ZodType<Input>,
  run: (input: Input, call: Call) => Readonly<Record<string, unknown>>,
): Operation {
  return (name, input, call) =>
    run(readInput({ service: 'SSM', operation: name }, schema, input), call);
}
