const word = /[#A-Za-z_][\w#]*(?:\.[#\w]+|\[\d+\])*/g;

const keywords = new Set(['AND', 'OR', 'NOT', 'IN', 'BETWEEN', 'SET', 'REMOVE', 'ADD', 'DELETE']);

type Names = Readonly<Record<string, string>>;

function topLevel(path: string, names: Names): string {
  const first = path.split(/[.[]/)[0] ?? path;
  return names[first] ?? first;
}

/** The top-level attributes that an expression speaks of. */
export function expressionAttributes(expression = '', names: Names = {}): string[] {
  const withoutValues = expression.replace(/:\w+/g, ' ');
  return [...withoutValues.matchAll(word)]
    .filter(({ 0: text, index }) => {
      const isFunction = withoutValues
        .slice(index + text.length)
        .trimStart()
        .startsWith('(');
      return !keywords.has(text.toUpperCase()) && !isFunction;
    })
    .map(([text]) => topLevel(text, names));
}

/**
 * The value that a key condition sets a partition key to; undefined where it sets none.
 *
 * A partition key can only be compared with `=`, so the first such comparison is the one.
 */
export function partitionKeyValue(
  expression: string,
  partitionKey: string,
  names: Names = {},
  values: Readonly<Record<string, unknown>> = {},
): unknown {
  for (const [, name = '', value = ''] of expression.matchAll(/([#\w]+)\s*=\s*(:\w+)/g)) {
    if (topLevel(name, names) === partitionKey) return values[value];
  }
  return undefined;
}
