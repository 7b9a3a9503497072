import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { ContractError, CzarError } from '../workflow/model/errors.ts';
import { translateAwsError } from '../runtime/aws-errors.ts';

/** One task: what goes in, what comes out, what may be logged of both, and the work. */
export interface Task<Input extends z.ZodType, Output extends z.ZodType> {
  readonly input: Input;
  readonly output: Output;
  /** Top-level fields of input and output that a log line may carry: ids, counts and codes. */
  readonly logKeys: readonly string[];
  readonly run: (input: z.output<Input>) => Promise<z.input<Output>>;
}

const logger = new Logger();

/**
 * Makes a Lambda handler of a task.
 *
 * The one place that parses, logs and translates errors, so that the work knows none of it. A log
 * line is a constant message with fields of the allow-list: neither the event nor the result.
 *
 * @throws ContractError when input or output do not have the agreed form.
 * @throws AwsUnavailableError, PermissionError in place of what the AWS SDK throws for these.
 */
export function defineTask<Input extends z.ZodType, Output extends z.ZodType>(
  task: Task<Input, Output>,
): (event: unknown, context: Context) => Promise<z.output<Output>> {
  return async (event, context) => {
    const started = performance.now();
    const seconds = () => ({ seconds: Math.round((performance.now() - started) / 10) / 100 });
    const request = { requestId: context.awsRequestId };
    let allowed: Record<string, unknown> = {};
    try {
      const input = parse(task.input, event, 'input');
      allowed = pick(input, task.logKeys);
      logger.info('Task started', { ...allowed, ...request });
      const output = parse(task.output, await task.run(input), 'output');
      logger.info('Task done', {
        ...allowed,
        ...pick(output, task.logKeys),
        ...seconds(),
        ...request,
      });
      return output;
    } catch (thrown) {
      const error = translate(thrown);
      logger.error('Task failed', { ...allowed, ...describe(error), ...seconds(), ...request });
      throw error;
    }
  };
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw contractError(what, parsed.error);
}

/** Names the fields that are wrong: a path and zod's code, never a value or an unknown key. */
function contractError(what: string, { issues }: z.ZodError): ContractError {
  const fields = issues.map(({ path, code }) => `${path.map(String).join('.') || what} ${code}`);
  return new ContractError(`${what} has another form than agreed: ${fields.join(', ')}`);
}

function translate(thrown: unknown): unknown {
  if (thrown instanceof z.ZodError) return contractError('data', thrown);
  return translateAwsError(thrown);
}

function pick(from: unknown, keys: readonly string[]): Record<string, unknown> {
  if (typeof from !== 'object' || from === null) return {};
  return Object.fromEntries(
    Object.entries(from).filter(
      ([key, value]) =>
        keys.includes(key) &&
        (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'),
    ),
  );
}

/** Only messages of our own are known to be free of data. */
function describe(error: unknown): Record<string, unknown> {
  if (error instanceof CzarError) return { errorName: error.code, errorMessage: error.message };
  return { errorName: error instanceof Error ? error.name : 'unknown' };
}
