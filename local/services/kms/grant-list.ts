import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Grant } from '../../policy/evaluate.ts';
import { contextFingerprint } from './encryption-context.ts';

/** What CreateGrant asks for. */
type GrantRequest = Omit<Grant, 'grantId'> & { readonly name?: string };

/** A grant as it lives on its key. */
export interface LiveGrant extends Grant {
  readonly name?: string;
  readonly createdAt: Date;
  /** Grows from grant to grant over all keys, so that a listing can go on where it stopped. */
  readonly sequence: number;
}

function fingerprint(grant: GrantRequest): string {
  const { encryptionContextEquals: equals, encryptionContextSubset: subset } = grant;
  return JSON.stringify([
    grant.name,
    grant.granteePrincipal,
    grant.retiringPrincipal,
    [...grant.operations].sort(),
    equals && contextFingerprint(equals),
    subset && contextFingerprint(subset),
  ]);
}

/**
 * The grants of one key.
 *
 * A grant counts from the moment it is made, and stops counting the moment it is retired or
 * revoked. AWS takes up to five minutes for either, and the grant token bridges the first.
 */
export class GrantList {
  readonly #grants = new Map<string, LiveGrant>();
  readonly #nextSequence: () => number;

  constructor(nextSequence: () => number) {
    this.#nextSequence = nextSequence;
  }

  /**
   * Makes a grant, or answers the live one of the same name and the same parameters.
   *
   * Without a name every call makes a new one, as does the same name with other parameters.
   */
  create(request: GrantRequest, createdAt: Date): LiveGrant {
    const same = fingerprint(request);
    const existing =
      request.name !== undefined &&
      [...this.#grants.values()].find((grant) => fingerprint(grant) === same);
    if (existing) return existing;
    const grant = {
      ...request,
      grantId: randomBytes(32).toString('hex'),
      createdAt,
      sequence: this.#nextSequence(),
    };
    this.#grants.set(grant.grantId, grant);
    return grant;
  }

  get(grantId: string): LiveGrant | undefined {
    return this.#grants.get(grantId);
  }

  /** All grants, the oldest first. */
  all(): readonly LiveGrant[] {
    return [...this.#grants.values()];
  }

  remove(grantId: string): void {
    this.#grants.delete(grantId);
  }
}

const TOKEN_MAC_BYTES = 32;

/**
 * Makes and reads grant tokens.
 *
 * A token proves itself, so none is stored: it names key and grant, with a MAC under a secret of
 * this process. Two tokens of one grant differ, as AWS's do.
 */
export class GrantTokens {
  readonly #secret = randomBytes(32);

  issue(keyId: string, grantId: string): string {
    const payload = Buffer.from(`${randomBytes(8).toString('hex')}/${keyId}/${grantId}`, 'latin1');
    return Buffer.concat([this.#mac(payload), payload]).toString('base64url');
  }

  /** What a token names, whether or not the grant still lives; undefined when no such token was issued. */
  read(token: string): { readonly keyId: string; readonly grantId: string } | undefined {
    const bytes = Buffer.from(token, 'base64url');
    const mac = bytes.subarray(0, TOKEN_MAC_BYTES);
    const payload = bytes.subarray(TOKEN_MAC_BYTES);
    if (mac.length !== TOKEN_MAC_BYTES || !timingSafeEqual(mac, this.#mac(payload)))
      return undefined;
    const [, keyId, grantId] = payload.toString('latin1').split('/');
    return keyId === undefined || grantId === undefined ? undefined : { keyId, grantId };
  }

  #mac(payload: Buffer): Buffer {
    return createHmac('sha256', this.#secret).update(payload).digest();
  }
}
