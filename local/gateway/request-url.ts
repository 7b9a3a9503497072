import type { IncomingMessage } from 'node:http';
import { ApiError } from '../api.ts';

/** The address of a request, and its parts as they were sent. */
export interface RequestUrl {
  readonly url: URL;
  readonly rawPath: string;
  readonly rawQuery: string;
}

/**
 * Reads the address of a request.
 *
 * A path that URL's parser would tidy (`/../`, `/./`, a raw space or backslash) is refused: what the policies are asked
 * about and what the signature covers must be the same text. S3 keys with a `.` or `..` segment are therefore not
 * supported.
 *
 * @throws ApiError InvalidURI
 */
export function requestUrl(request: IncomingMessage): RequestUrl {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  const rawQuery = mark < 0 ? '' : target.slice(mark + 1);
  const url = target.startsWith('/')
    ? URL.parse(`http://${request.headers.host ?? 'localhost'}${target}`)
    : null;
  if (url?.pathname !== rawPath)
    throw new ApiError('InvalidURI', "Couldn't parse the specified URI.", 400);
  return { url, rawPath, rawQuery };
}
