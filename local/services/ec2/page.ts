import { ApiError } from '../../api.ts';

/** One page of a list, and where the next begins. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextToken: string | undefined;
}

/**
 * Cuts one page from a list, which it orders by id.
 *
 * A token names the last id that was told, so that what comes and goes between two pages neither
 * hides nor repeats what stays.
 *
 * @throws ApiError with `badToken` as its code for a token that no page gave.
 */
export function takePage<Item>(
  items: readonly Item[],
  idOf: (item: Item) => string,
  { size = Infinity, token }: { readonly size?: number; readonly token?: string },
  badToken: string,
): Page<Item> {
  const after = token === undefined ? '' : readToken(token, badToken);
  const rest = items
    .filter((item) => idOf(item) > after)
    .toSorted((left, right) => (idOf(left) < idOf(right) ? -1 : 1));
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const isEnd = page.length === rest.length || last === undefined;
  return { items: page, nextToken: isEnd ? undefined : writeToken(idOf(last)) };
}

const tokenPrefix = 'after ';

const writeToken = (id: string): string => Buffer.from(`${tokenPrefix}${id}`).toString('base64url');

function readToken(token: string, badToken: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (text.startsWith(tokenPrefix)) return text.slice(tokenPrefix.length);
  throw new ApiError(badToken, 'The specified token is not valid');
}
