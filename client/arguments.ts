import { InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { BatchId } from '../workflow/model/code.ts';
import { UserError } from './exit-codes.ts';

/** Reads a whole number within bounds from the command line. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** Reads a batch id from the command line. */
export function batchId(text: string): string {
  const read = BatchId.safeParse(text);
  if (read.success) return read.data;
  throw new InvalidArgumentError(
    'It must be an id that czar upload minted: nine letters, of which the last checks the others.',
  );
}

const executionArn = /^arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:execution:[^:\s]+:[^:\s]+$/;

/** Reads the id of a batch, or the ARN of an execution, from the command line. */
export function batchOrArn(text: string): string {
  if (executionArn.test(text) || BatchId.safeParse(text).success) return text;
  throw new InvalidArgumentError("It must be a batch's id, or the ARN of an execution.");
}

/**
 * Parses what a person typed.
 *
 * @throws UserError which names the fields, never the values.
 */
export function parseTyped<Schema extends z.ZodType>(
  schema: Schema,
  typed: unknown,
): z.output<Schema> {
  const read = schema.safeParse(typed);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => {
    const field = path.join('.');
    return field === '' || message.startsWith(field) ? message : `${field}: ${message}`;
  });
  throw new UserError('usage', faults.join('; '), { cause: read.error });
}
