import type * as z from 'zod';
import type { Call } from '../../api.ts';
import { readInput } from '../../read-input.ts';
import type { XmlValue } from './query-response.ts';

/** One operation of EC2: reads its parameters, asks the policies, answers. */
export type Operation = (
  name: string,
  parameters: unknown,
  call: Call,
) => Readonly<Record<string, XmlValue>>;

/**
 * Joins an operation's schema, which is strict, with what it does.
 *
 * The operation throws ApiError UnsupportedOperation naming a parameter that it does not know.
 */
export function operation<Input>(
  schema: z.ZodType<Input>,
  run: (input: Input, call: Call) => Readonly<Record<string, XmlValue>>,
): Operation {
  return (name, parameters, call) =>
    run(
      readInput(
        { service: 'EC2', operation: name, invalidCode: 'InvalidParameterValue', countFrom: 1 },
        schema,
        parameters,
      ),
      call,
    );
}
