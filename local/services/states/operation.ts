import type * as z from 'zod';
import type { Call } from '../../api.ts';
import { readInput } from '../../read-input.ts';

/** One operation of the API: reads its input, asks the policies, answers. */
export type Operation = (name: string, input: unknown, call: Call) => object | Promise<object>;

/** Joins an operation's strict schema with what it does. */
export function operation<Schema extends z.ZodType>(
  schema: Schema,
  run: (input: z.output<Schema>, call: Call) => object | Promise<object>,
): Operation {
  return (name, input, call) =>
    run(readInput({ service: 'Step Functions', operation: name }, schema, input), call);
}
