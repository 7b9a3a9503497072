import { ApiError } from '../../api.ts';

/** A value of a query request: text, or a structure that numbered and named parts make up. */
export type QueryValue = string | QueryValue[] | { [name: string]: QueryValue };

/** A structure as it is put together: names, or numbers from 1, lead to parts or text. */
type Parts = Map<string, Parts | string>;

/**
 * Reads the form body of an EC2 query request into the structure it flattens:
 * `TagSpecification.1.Tag.2.Key=x` becomes `{ TagSpecification: [{ Tag: [.., { Key: 'x' }] }] }`.
 *
 * @throws ApiError MalformedQueryString for a name that is both text and structure, or given twice,
 *   and for lists that do not count 1, 2, 3.
 */
export function readQueryParameters(body: string): Record<string, QueryValue> {
  const root: Parts = new Map();
  for (const [name, value] of new URLSearchParams(body)) {
    const path = name.split('.');
    const last = path.pop() ?? '';
    let place = root;
    for (const part of path) {
      const inner: Parts | string = place.get(part) ?? new Map<string, Parts | string>();
      if (typeof inner === 'string') throw malformed(name);
      place.set(part, inner);
      place = inner;
    }
    if (place.has(last)) throw malformed(name);
    place.set(last, value);
  }
  return Object.fromEntries([...root].map(([name, inner]) => [name, settle(name, inner)]));
}

/** Turns parts that are called 1, 2, 3, ... into lists. */
function settle(name: string, value: Parts | string): QueryValue {
  if (typeof value === 'string') return value;
  const isList = [...value.keys()].every((key) => /^[0-9]+$/.test(key));
  if (!isList) {
    return Object.fromEntries([...value].map(([key, inner]) => [key, settle(key, inner)]));
  }
  return Array.from({ length: value.size }, (_, index) => {
    const item = value.get(String(index + 1));
    if (item === undefined) throw malformed(name);
    return settle(name, item);
  });
}

const malformed = (name: string): ApiError =>
  new ApiError('MalformedQueryString', `The query parameter ${name} is malformed`);
