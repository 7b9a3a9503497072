import * as z from 'zod';

/** Tells whether an event matches. */
export type EventPattern = (event: unknown) => boolean;

/** A pattern says something that the embedded EventBridge does not match, or that AWS refuses. */
export class EventPatternError extends Error {
  override readonly name = 'EventPatternError';
  readonly code = 'EventPatternError';
}

/** Holds one value of an event against one entry of a pattern; an absent value is undefined. */
type Matcher = (value: unknown) => boolean;

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

const text = (test: (value: string) => boolean): Matcher => {
  return (value) => typeof value === 'string' && test(value);
};

/** The comparisons that a pattern can name, each with what it compares to. */
const operators: Readonly<Record<string, (operand: unknown, path: string) => Matcher>> = {
  prefix(operand, path) {
    const prefix = read(z.string(), operand, path);
    return text((value) => value.startsWith(prefix));
  },
  suffix(operand, path) {
    const suffix = read(z.string(), operand, path);
    return text((value) => value.endsWith(suffix));
  },
  'equals-ignore-case'(operand, path) {
    const wanted = read(z.string(), operand, path).toLowerCase();
    return text((value) => value.toLowerCase() === wanted);
  },
  exists(operand, path) {
    const wanted = read(z.boolean(), operand, path);
    return (value) => (value !== undefined) === wanted;
  },
  'anything-but'(operand, path) {
    const isOperator = typeof operand === 'object' && operand !== null && !Array.isArray(operand);
    const excluded = isOperator
      ? [namedMatcher(operand, path, ['prefix', 'suffix', 'equals-ignore-case'])]
      : [operand].flat().map((entry) => equalTo(read(Scalar, entry, path)));
    return (value) => value !== undefined && !excluded.some((matches) => matches(value));
  },
  numeric(operand, path) {
    const parts = read(z.array(z.union([z.string(), z.number()])).min(2), operand, path);
    const tests = Array.from({ length: Math.ceil(parts.length / 2) }, (_, index) => {
      const compare = comparisons[String(parts[index * 2])];
      const bound = parts[index * 2 + 1];
      if (compare === undefined || typeof bound !== 'number')
        throw new EventPatternError(`${path} must list comparisons and numbers`);
      return (value: number) => compare(value, bound);
    });
    return (value) => typeof value === 'number' && tests.every((test) => test(value));
  },
};

/**
 * Reads an event pattern.
 *
 * Exact values, `prefix`, `suffix`, `equals-ignore-case`, `anything-but`, `exists` and `numeric` are
 * known; `wildcard`, `cidr`, `$or` and whatever else there is are refused by name.
 *
 * @throws EventPatternError
 * @see Amazon EventBridge User Guide, "Comparison operators for use in event patterns"
 */
export function parseEventPattern(pattern: unknown, path = 'EventPattern'): EventPattern {
  const fields = read(z.record(z.string(), z.unknown()), pattern, path);
  if (Object.keys(fields).length === 0) throw new EventPatternError(`${path} is empty`);
  const tests = Object.entries(fields).map(([name, wanted]) => {
    if (name.startsWith('$')) throw unsupported(`${path}.${name}`);
    const test = Array.isArray(wanted)
      ? leaf(wanted, `${path}.${name}`)
      : branch(parseEventPattern(wanted, `${path}.${name}`));
    return (event: unknown) => test(member(event, name));
  });
  return (event) => tests.every((test) => test(event));
}

/** In an array of an event, one element that matches is enough. */
function branch(pattern: EventPattern): EventPattern {
  return (value) => (Array.isArray(value) ? value.some(pattern) : pattern(value));
}

function leaf(wanted: readonly unknown[], path: string): EventPattern {
  if (wanted.length === 0) throw new EventPatternError(`${path} is empty`);
  const matchers = wanted.map((entry) => matcher(entry, path));
  return (value) => {
    // EventBridge sees leaves only: an empty array or an object is as good as absent.
    const values: unknown[] = Array.isArray(value) && value.length > 0 ? value : [value];
    const leaves = values.map((one) => (typeof one === 'object' && one !== null ? undefined : one));
    return leaves.some((one) => matchers.some((matches) => matches(one)));
  };
}

function matcher(entry: unknown, path: string): Matcher {
  if (typeof entry === 'object' && entry !== null)
    return namedMatcher(entry, path, Object.keys(operators));
  return equalTo(read(Scalar, entry, path));
}

function namedMatcher(entry: object, path: string, allowed: readonly string[]): Matcher {
  const [first, ...others] = Object.entries(entry);
  const [name = '', operand] = first ?? [];
  const make = operators[name];
  if (make === undefined || !allowed.includes(name)) throw unsupported(`${path}.${name}`);
  if (others.length > 0) throw new EventPatternError(`${path} has more than one comparison`);
  return make(operand, `${path}.${name}`);
}

function equalTo(wanted: unknown): Matcher {
  return (value) => value === wanted;
}

function member(event: unknown, name: string): unknown {
  const isObject = typeof event === 'object' && event !== null && Object.hasOwn(event, name);
  return isObject ? (event as Record<string, unknown>)[name] : undefined;
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new EventPatternError(`${path} ${parsed.error.issues[0]?.message ?? 'is invalid'}`);
}

function unsupported(path: string): EventPatternError {
  return new EventPatternError(`${path} is not supported by the embedded EventBridge`);
}
