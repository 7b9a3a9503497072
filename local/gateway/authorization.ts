import type { IncomingHttpHeaders } from 'node:http';
import { AuthenticationError } from './authentication-error.ts';
import type { CredentialScope } from './signing-key.ts';

/** What a request says about its signature, in its header or in its URL. */
export interface Authorization {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ` */
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  /** Set for a presigned URL: how long it is good for. */
  readonly expiresSeconds: number | undefined;
}

const algorithm = 'AWS4-HMAC-SHA256';

/** A presigned URL is good for seven days at most. */
const longestExpirySeconds = 7 * 24 * 3600;

function readCredential(credential: string): { accessKeyId: string; scope: CredentialScope } {
  const [accessKeyId, date, region, service, terminator, ...rest] = credential.split('/');
  if (
    accessKeyId === undefined ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    terminator !== 'aws4_request' ||
    rest.length > 0
  ) {
    throw new AuthenticationError(
      'incomplete',
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/aws4_request',
    );
  }
  return { accessKeyId, scope: { date, region, service } };
}

function required(value: string | null | undefined, name: string): string {
  if (value === undefined || value === null || value === '')
    throw new AuthenticationError('incomplete', `The signature requires ${name}.`);
  return value;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function fromHeader(authorization: string, headers: IncomingHttpHeaders): Authorization {
  const [given, ...fields] = authorization.split(/[ ,]+/);
  if (given !== algorithm)
    throw new AuthenticationError('incomplete', `Only ${algorithm} signatures are supported.`);
  const parts = new Map(
    fields.map((field) => {
      const equals = field.indexOf('=');
      return [field.slice(0, equals), field.slice(equals + 1)] as const;
    }),
  );
  return {
    ...readCredential(required(parts.get('Credential'), 'Credential')),
    signedHeaders: required(parts.get('SignedHeaders'), 'SignedHeaders').split(';'),
    signature: required(parts.get('Signature'), 'Signature'),
    timestamp: required(single(headers['x-amz-date']), 'an X-Amz-Date header'),
    sessionToken: single(headers['x-amz-security-token']),
    expiresSeconds: undefined,
  };
}

function fromQuery(query: URLSearchParams): Authorization {
  if (query.get('X-Amz-Algorithm') !== algorithm)
    throw new AuthenticationError('incomplete', `Only ${algorithm} signatures are supported.`);
  const expiresSeconds = Number(required(query.get('X-Amz-Expires'), 'X-Amz-Expires'));
  if (
    !Number.isInteger(expiresSeconds) ||
    expiresSeconds < 1 ||
    expiresSeconds > longestExpirySeconds
  )
    throw new AuthenticationError('incomplete', 'X-Amz-Expires must be 1 to 604800 seconds.');
  return {
    ...readCredential(required(query.get('X-Amz-Credential'), 'X-Amz-Credential')),
    signedHeaders: required(query.get('X-Amz-SignedHeaders'), 'X-Amz-SignedHeaders').split(';'),
    signature: required(query.get('X-Amz-Signature'), 'X-Amz-Signature'),
    timestamp: required(query.get('X-Amz-Date'), 'X-Amz-Date'),
    sessionToken: query.get('X-Amz-Security-Token') ?? undefined,
    expiresSeconds,
  };
}

/**
 * Reads what a request says about its signature. Nothing of it is verified yet.
 *
 * @throws AuthenticationError for a request that is not signed, signed twice, or with a part missing.
 */
export function readAuthorization(
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
): Authorization {
  const { authorization } = headers;
  const presigned = query.has('X-Amz-Signature') || query.has('X-Amz-Algorithm');
  if (authorization !== undefined && presigned)
    throw new AuthenticationError('incomplete', 'Only one way to sign a request is allowed.');
  if (authorization !== undefined) return fromHeader(authorization, headers);
  if (presigned) return fromQuery(query);
  throw new AuthenticationError('missing', 'Request is missing Authentication Token');
}

/** The moment of a timestamp such as `20260101T000000Z`; undefined for any other form. */
export function readTimestamp(timestamp: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const date = new Date(
    `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`,
  );
  return Number.isNaN(date.getTime()) ? undefined : date;
}
