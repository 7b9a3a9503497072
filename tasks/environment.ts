import * as z from 'zod';
import { ContractError } from '../workflow/model/errors.ts';

/** An environment variable that must be there and not empty. */
export const text = z.string().min(1);

/** An environment variable that holds a list: comma between its elements, at least one. */
export const list = text.transform((value) => value.split(',')).pipe(z.array(text).min(1));

/**
 * Reads a function's environment when its module loads, so that a function deployed with a wrong
 * one fails on its first start and not in the middle of a batch.
 *
 * @throws ContractError naming the variables that are missing or wrong, never their values.
 */
export function readEnvironment<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): z.output<Schema> {
  const read = schema.safeParse(environment);
  if (read.success) return read.data;
  const names = [...new Set(read.error.issues.map((issue) => String(issue.path[0])))];
  throw new ContractError(`environment variables missing or wrong: ${names.join(', ')}`);
}
