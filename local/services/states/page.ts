import * as z from 'zod';
import { ApiError } from '../../api.ts';

/** Which part of a list a caller asks for. */
export interface PageRequest<T> {
  /** What is listed: a token of another list is refused. */
  readonly subject: string;
  readonly nextToken?: string;
  /** @default 100; as AWS does, 0 means the default */
  readonly maxResults?: number;
  readonly isReversed: boolean;
  readonly keep?: (item: T) => boolean;
}

/** Fields of a list request that decide the page. */
export const PageInput = {
  maxResults: z.number().int().min(0).max(1000).optional(),
  nextToken: z.string().min(1).optional(),
};

const Token = z.strictObject({ subject: z.string(), at: z.number().int().min(0) });

/**
 * One page of a list that may grow at its end between two calls, without repeating or losing an item.
 *
 * @throws ApiError InvalidToken
 */
export function pageOf<T>(
  items: readonly T[],
  { subject, nextToken, maxResults = 0, isReversed, keep = () => true }: PageRequest<T>,
): { readonly items: T[]; readonly nextToken?: string } {
  const limit = maxResults === 0 ? 100 : maxResults;
  const start = isReversed ? items.length - 1 : 0;
  const page: T[] = [];
  let at = nextToken === undefined ? start : readToken(nextToken, subject);
  for (let item = items[at]; item !== undefined; item = items[at]) {
    if (keep(item)) {
      if (page.length === limit) return { items: page, nextToken: writeToken(subject, at) };
      page.push(item);
    }
    at += isReversed ? -1 : 1;
  }
  return { items: page };
}

function writeToken(subject: string, at: number): string {
  return Buffer.from(JSON.stringify({ subject, at })).toString('base64url');
}

function readToken(token: string, subject: string): number {
  try {
    const read = Token.parse(JSON.parse(Buffer.from(token, 'base64url').toString()));
    if (read.subject === subject) return read.at;
  } catch {
    // Whatever is wrong with it, it is no token of this list.
  }
  throw new ApiError('InvalidToken', "Invalid Token: 'Invalid token'");
}
