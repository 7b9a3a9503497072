import type { CloudCaller } from '../api.ts';
import { AuthenticationError } from './authentication-error.ts';
import { readTimestamp, type Authorization } from './authorization.ts';
import { canonicalRequest, type SignedContent } from './canonical-request.ts';
import { sameSignature, signRequest, type SigningKeys } from './signing-key.ts';

/** A session whose credentials are out in the world. */
export interface IssuedSession {
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
  /** Who the session is, with the policies of its role as they are now. */
  caller(): CloudCaller;
}

/** Finds a session by its access key; undefined for one that was never issued or is revoked. */
export type FindSession = (accessKeyId: string) => IssuedSession | undefined;

/** What a verified signature proves. */
export interface Authenticated {
  readonly caller: CloudCaller;
  /** Signs and verifies the chunks of a signed upload. */
  readonly signingKey: Buffer;
}

/** How far a client's clock may be off. */
const skewMs = 15 * 60 * 1000;

/** Headers without which a signature covers too little. */
const mustBeSigned = (name: string): boolean => name === 'host' || name === 'x-amz-security-token';

function checkTime({ timestamp, scope, expiresSeconds }: Authorization, now: Date): void {
  const signed = readTimestamp(timestamp);
  if (signed === undefined || !timestamp.startsWith(scope.date))
    throw new AuthenticationError(
      'incomplete',
      'X-Amz-Date must be in ISO-8601 basic format and agree with the scope.',
    );
  const ageMs = now.getTime() - signed.getTime();
  if (expiresSeconds !== undefined) {
    if (ageMs > expiresSeconds * 1000)
      throw new AuthenticationError('expired-url', 'Request has expired');
    if (ageMs < -skewMs)
      throw new AuthenticationError('wrong-time', 'The request is not yet valid.');
    return;
  }
  if (Math.abs(ageMs) > skewMs) {
    throw new AuthenticationError(
      'wrong-time',
      'The difference between the request time and the current time is too large.',
    );
  }
}

function checkSignedHeaders(
  { signedHeaders, expiresSeconds }: Authorization,
  content: SignedContent,
): void {
  content.rawHeaders.forEach((raw, index) => {
    const name = raw.toLowerCase();
    const needed =
      mustBeSigned(name) || (name.startsWith('x-amz-') && expiresSeconds === undefined);
    if (index % 2 === 0 && needed && !signedHeaders.includes(name))
      throw new AuthenticationError('wrong-signature', `The header ${name} must be signed.`);
  });
}

/**
 * Verifies the signature of a request and says who made it.
 *
 * Every `x-amz-` header must be signed: one that was added on the way would change what is asked.
 *
 * @throws AuthenticationError
 */
export function authenticate(
  authorization: Authorization,
  content: SignedContent,
  surroundings: {
    readonly region: string;
    readonly now: Date;
    /** What the signature's date is held against. @default `now` */
    readonly signedNow?: Date | undefined;
    readonly sessions: FindSession;
    readonly keys: SigningKeys;
  },
): Authenticated {
  const { accessKeyId, scope, timestamp, signature, sessionToken } = authorization;
  const { now, signedNow = now, region } = surroundings;
  const session = surroundings.sessions(accessKeyId);
  if (session === undefined)
    throw new AuthenticationError(
      'unknown-key',
      'The security token included in the request is invalid.',
    );
  if (scope.region !== region) {
    throw new AuthenticationError(
      'wrong-scope',
      `Credential should be scoped to a valid region: expecting '${region}'.`,
    );
  }
  checkTime(authorization, signedNow);
  checkSignedHeaders(authorization, content);
  const signingKey = surroundings.keys.derive(session.secretAccessKey, scope);
  const canonical = canonicalRequest(scope.service, content);
  if (!sameSignature(signRequest(signingKey, scope, timestamp, canonical), signature)) {
    throw new AuthenticationError(
      'wrong-signature',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
    );
  }
  if (sessionToken === undefined || !sameSignature(session.sessionToken, sessionToken))
    throw new AuthenticationError(
      'wrong-token',
      'The security token included in the request is invalid.',
    );
  if (session.expiration.getTime() <= now.getTime())
    throw new AuthenticationError(
      'expired-session',
      'The security token included in the request is expired',
    );
  return { caller: session.caller(), signingKey };
}
