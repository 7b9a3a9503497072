import * as z from 'zod';
import type { BridgeEvent } from './bridge-event.ts';

/** How a target says what it wants of an event; nothing of it means the whole event. */
export const TargetInput = z.object({
  Input: z.string().optional(),
  InputPath: z.string().optional(),
  InputTransformer: z
    .strictObject({
      InputPathsMap: z.record(z.string(), z.string()).default({}),
      InputTemplate: z.string(),
    })
    .optional(),
});
export type TargetInput = z.output<typeof TargetInput>;

/** An input that AWS or the embedded EventBridge does not take. */
export class TargetInputError extends Error {
  override readonly name = 'TargetInputError';
  readonly code = 'TargetInputError';
}

/** Makes the payload that a target gets, a JSON text. */
export type MakePayload = (
  event: BridgeEvent,
  rule: { readonly name: string; readonly arn: string },
) => string;

/**
 * Reads what a target wants of an event.
 *
 * @throws TargetInputError for JSON paths with wildcards or filters, unknown placeholders and a
 * constant that is no JSON.
 */
export function parseTargetInput(target: TargetInput): MakePayload {
  const { Input: constant, InputPath: path, InputTransformer: transformer } = target;
  if ([constant, path, transformer].filter((one) => one !== undefined).length > 1)
    throw new TargetInputError('give one of Input, InputPath and InputTransformer');
  if (constant !== undefined) {
    requireJson(constant, 'Input');
    return () => constant;
  }
  if (path !== undefined) {
    const select = parsePath(path);
    return (event) => JSON.stringify(select(event) ?? null);
  }
  return transformer === undefined ? (event) => JSON.stringify(event) : transform(transformer);
}

type Transformer = NonNullable<TargetInput['InputTransformer']>;

function transform({ InputPathsMap, InputTemplate }: Transformer): MakePayload {
  const paths = new Map(
    Object.entries(InputPathsMap).map(([name, path]) => [name, parsePath(path)]),
  );
  for (const [, name = ''] of InputTemplate.matchAll(placeholder)) {
    if (!paths.has(name) && !predefined.has(name))
      throw new TargetInputError(`InputTemplate: <${name}> is not supported`);
  }
  return (event, rule) => {
    const values: Record<string, unknown> = {
      'aws.events.rule-arn': rule.arn,
      'aws.events.rule-name': rule.name,
      'aws.events.event.ingestion-time': event.time,
      'aws.events.event.json': event,
    };
    const payload = fill(InputTemplate, (name) => paths.get(name)?.(event) ?? values[name]);
    requireJson(payload, 'InputTemplate');
    return payload;
  };
}

const placeholder = /<([\w.-]+)>/g;
const predefined = new Set([
  'aws.events.rule-arn',
  'aws.events.rule-name',
  'aws.events.event.ingestion-time',
  'aws.events.event.json',
]);

/** Puts values in place of `<name>`: as JSON where JSON is expected, as text within a quoted text. */
function fill(template: string, valueOf: (name: string) => unknown): string {
  let isQuoted = false;
  return template.replace(
    /\\.|"|<([\w.-]+)>/gs,
    (match: string, name: string | undefined): string => {
      if (match === '"') isQuoted = !isQuoted;
      if (name === undefined) return match;
      // A path that leads nowhere leaves nothing.
      const value = valueOf(name) ?? '';
      if (!isQuoted) return JSON.stringify(value);
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return JSON.stringify(text).slice(1, -1);
    },
  );
}

/** `$.detail.items[0]['a name']`: members and positions only. */
function parsePath(path: string): (event: unknown) => unknown {
  const steps: string[] = [];
  const step = /\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]/y;
  let position = 1;
  while (position < path.length) {
    step.lastIndex = position;
    const match = step.exec(path);
    if (match === null) break;
    steps.push(match[1] ?? match[2] ?? match[3] ?? '');
    position = step.lastIndex;
  }
  if (!path.startsWith('$') || position < path.length)
    throw new TargetInputError(`the path ${path} is not supported by the embedded EventBridge`);
  return (event) => steps.reduce<unknown>(memberOf, event);
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function requireJson(text: string, what: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw new TargetInputError(`${what} must be JSON`);
  }
}
