import * as z from 'zod';
import { ApiError } from '../../api.ts';
import type { Tags } from './instance.ts';

/** `Filter` of a Describe operation: names, and values any of which may match. */
export const Filters = z
  .array(z.strictObject({ Name: z.string(), Value: z.array(z.string()).min(1).max(200) }))
  .default([]);

/** What filters can ask of an item, by the filter's name. */
export type FilterFields<Item> = Readonly<Record<string, (item: Item) => string>>;

/**
 * Makes the test that an item passes all filters: its own fields, `tag:<key>` and `tag-key`.
 *
 * `*` and `?` in values are wildcards, as in EC2.
 *
 * @throws ApiError for a filter that is not supported, whether there is an item or not.
 */
export function createFilter<Item>(
  filters: z.infer<typeof Filters>,
  fields: FilterFields<Item>,
  tagsOf: (item: Item) => Tags,
): (item: Item) => boolean {
  const tests = filters.map(({ Name: name, Value: values }) => {
    const patterns = values.map(asPattern);
    const matches = (actual: string): boolean => patterns.some((pattern) => pattern.test(actual));
    if (name === 'tag-key') return (item: Item) => Object.keys(tagsOf(item)).some(matches);
    if (name.startsWith('tag:')) {
      const key = name.slice('tag:'.length);
      return (item: Item) =>
        Object.entries(tagsOf(item)).some(([tag, value]) => tag === key && matches(value));
    }
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) {
      throw new ApiError(
        'UnsupportedOperation',
        `The filter '${name}' is not supported by the embedded cloud`,
        501,
      );
    }
    return (item: Item) => matches(field(item));
  });
  return (item) => tests.every((test) => test(item));
}

function asPattern(value: string): RegExp {
  const escaped = value.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
