import { createHmac, timingSafeEqual } from 'node:crypto';
import { sha256Hex } from './canonical-request.ts';

/** What a signature is bound to, besides the request. */
export interface CredentialScope {
  /** `YYYYMMDD` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

/** The scope as signatures write it. */
export function scopeText({ date, region, service }: CredentialScope): string {
  return `${date}/${region}/${service}/aws4_request`;
}

/**
 * Derives signing keys and keeps them: the same client signs thousands of calls a day with one.
 *
 * A key that was derived is forgotten when the oldest of 500 makes room.
 */
export class SigningKeys {
  readonly #keys = new Map<string, Buffer>();

  derive(secretAccessKey: string, scope: CredentialScope): Buffer {
    const name = `${secretAccessKey}/${scopeText(scope)}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const dated = hmac(`AWS4${secretAccessKey}`, scope.date);
    const key = hmac(hmac(hmac(dated, scope.region), scope.service), 'aws4_request');
    const oldest = this.#keys.size >= 500 ? this.#keys.keys().next().value : undefined;
    if (oldest !== undefined) this.#keys.delete(oldest);
    this.#keys.set(name, key);
    return key;
  }
}

/** The signature of a canonical request. */
export function signRequest(
  key: Buffer,
  scope: CredentialScope,
  timestamp: string,
  canonical: string,
): string {
  const text = ['AWS4-HMAC-SHA256', timestamp, scopeText(scope), sha256Hex(canonical)].join('\n');
  return hmac(key, text).toString('hex');
}

/** Signs any other text with a signing key: the chunks of a signed upload. */
export function signText(key: Buffer, text: string): string {
  return hmac(key, text).toString('hex');
}

/** Compares two signatures in constant time. */
export function sameSignature(expected: string, given: string): boolean {
  const left = Buffer.from(expected);
  const right = Buffer.from(given);
  return left.length === right.length && timingSafeEqual(left, right);
}
