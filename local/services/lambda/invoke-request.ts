import { buffer } from 'node:stream/consumers';
import { ApiError, type ApiRequest } from '../../api.ts';

/** An Invoke request as it came in over HTTP. */
export interface InvokeRequest {
  readonly functionName: string;
  readonly isEvent: boolean;
  readonly payload: string;
}

/** Largest payload of a synchronous event. */
export const longestSyncPayloadBytes = 6 * 1024 * 1024;

const longestPayloadBytes = {
  RequestResponse: longestSyncPayloadBytes,
  Event: 256 * 1024,
} as const;

const path = /^\/2015-03-31\/functions\/(?<name>[^/]+)\/invocations$/;

/**
 * Reads an Invoke request.
 *
 * @throws ApiError for every other operation of Lambda, a parameter that is not supported, and a
 * payload that is too large or no JSON.
 */
export async function readInvoke({
  method,
  url,
  headers,
  body,
}: ApiRequest): Promise<InvokeRequest> {
  const name = path.exec(url.pathname)?.groups?.name;
  if (name === undefined || method !== 'POST') {
    throw new ApiError(
      'UnsupportedOperation',
      `Lambda ${method} ${url.pathname} is not supported by the embedded cloud`,
      501,
    );
  }
  const type = headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (type !== 'RequestResponse' && type !== 'Event') throw unsupported('InvocationType');
  if (![undefined, 'None'].includes(header(headers['x-amz-log-type'])))
    throw unsupported('LogType');
  if (headers['x-amz-client-context'] !== undefined) throw unsupported('ClientContext');
  if (![null, '$LATEST'].includes(url.searchParams.get('Qualifier')))
    throw unsupported('Qualifier');

  const bytes = await buffer(body);
  if (bytes.length > longestPayloadBytes[type]) throw tooLarge(longestPayloadBytes[type]);
  const payload = bytes.length === 0 ? '{}' : bytes.toString('utf8');
  try {
    JSON.parse(payload);
  } catch {
    throw new ApiError(
      'InvalidRequestContentException',
      'Could not parse request body into json',
      400,
      { Type: 'User' },
    );
  }
  return { functionName: decodeURIComponent(name), isEvent: type === 'Event', payload };
}

/** The error for a payload over the limit. */
export function tooLarge(limitBytes: number): ApiError {
  return new ApiError(
    'RequestEntityTooLargeException',
    `Request must be smaller than ${limitBytes} bytes for the InvokeFunction operation`,
    413,
    { Type: 'User' },
  );
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function unsupported(parameter: string): ApiError {
  return new ApiError(
    'UnsupportedOperation',
    `Lambda Invoke: parameter ${parameter} is not supported by the embedded cloud with this value`,
    501,
  );
}
