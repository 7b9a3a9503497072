import { randomUUID, type KeyObject } from 'node:crypto';
import { ApiError, type Surroundings } from '../../api.ts';
import type { PolicyDocument } from '../../policy/document.ts';
import { GrantList } from './grant-list.ts';
import { newMaterial, type KeySpec } from './key-spec.ts';

/** Where a key is in its life; `Unavailable`, imports and custom key stores do not exist here. */
export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';

/** A KMS key. Its material lives in this process's memory and nowhere else. */
export interface Key {
  readonly keyId: string;
  readonly arn: string;
  readonly spec: KeySpec;
  /** A secret, or the private key of a pair. */
  readonly material: KeyObject;
  readonly description: string;
  readonly createdAt: Date;
  readonly policy: PolicyDocument;
  /** The key policy as the template wrote it, for GetKeyPolicy. */
  readonly policyText: string;
  /** What the template asks for. The material is not rotated: a year does not pass here. */
  readonly rotationEnabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly grants: GrantList;
  state: KeyState;
  /** Set while {@link state} is `PendingDeletion`. */
  deletionDate?: Date;
}

/** A key, and the alias by which the caller named it, if it did. */
export interface FoundKey {
  readonly key: Key;
  readonly requestAlias?: string;
}

/** An alias and the id of the key behind it. */
export interface Alias {
  readonly aliasName: string;
  readonly aliasArn: string;
  readonly targetKeyId: string;
  readonly createdAt: Date;
}

/** The keys and aliases of one account and region. */
export class KeyStore {
  readonly #keys = new Map<string, Key>();
  readonly #aliases = new Map<string, Alias>();
  readonly #surroundings: Surroundings;
  #grants = 0;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Makes a key with fresh random material. */
  create(properties: Omit<Key, 'keyId' | 'arn' | 'material' | 'createdAt' | 'grants'>): Key {
    const keyId = randomUUID();
    const key: Key = {
      ...properties,
      keyId,
      arn: this.#arn(`key/${keyId}`),
      material: newMaterial(properties.spec),
      createdAt: this.#surroundings.clock.now(),
      grants: new GrantList(() => (this.#grants += 1)),
    };
    this.#keys.set(keyId, key);
    return key;
  }

  /** Gives a key one more name. */
  createAlias(aliasName: string, target: string): Alias {
    if (this.#aliases.has(aliasName)) {
      throw new ApiError(
        'AlreadyExistsException',
        `An alias with the name ${this.#arn(aliasName)} already exists`,
      );
    }
    const alias = {
      aliasName,
      aliasArn: this.#arn(aliasName),
      targetKeyId: this.find(target).key.keyId,
      createdAt: this.#surroundings.clock.now(),
    };
    this.#aliases.set(aliasName, alias);
    return alias;
  }

  /**
   * The key that a `KeyId` of a request means: an id, an ARN, an alias or an alias's ARN.
   *
   * A key whose waiting period is over is not found, and from then on its material does not exist.
   *
   * @throws ApiError NotFoundException
   */
  find(named: string): FoundKey {
    const prefix = this.#arn('');
    const name = named.startsWith(prefix) ? named.slice(prefix.length) : named;
    if (name.startsWith('alias/')) {
      const alias = this.#aliases.get(name);
      if (!alias) {
        throw new ApiError('NotFoundException', `Alias ${this.#arn(name)} is not found.`);
      }
      return { key: this.#live(alias.targetKeyId), requestAlias: name };
    }
    return { key: this.#live(name.replace(/^key\//, '')) };
  }

  aliases(): readonly Alias[] {
    return [...this.#aliases.values()];
  }

  aliasesOf(key: Key): readonly Alias[] {
    return this.aliases().filter((alias) => alias.targetKeyId === key.keyId);
  }

  keys(): readonly Key[] {
    return [...this.#keys.values()];
  }

  /** Forgets every key: what is encrypted under them stays so. */
  clear(): void {
    this.#keys.clear();
    this.#aliases.clear();
  }

  #live(keyId: string): Key {
    const key = this.#keys.get(keyId);
    const isOver = key?.deletionDate && key.deletionDate <= this.#surroundings.clock.now();
    if (isOver) this.#keys.delete(keyId);
    if (!key || isOver) {
      const arn = keyId.startsWith('arn:') ? keyId : this.#arn(`key/${keyId}`);
      throw new ApiError('NotFoundException', `Key '${arn}' does not exist`);
    }
    return key;
  }

  #arn(name: string): string {
    const { partition, region, accountId } = this.#surroundings;
    return `arn:${partition}:kms:${region}:${accountId}:${name}`;
  }
}

/**
 * Refuses to use a key that is disabled or waits for its deletion.
 *
 * @throws ApiError DisabledException, KMSInvalidStateException
 */
export function requireUsable(key: Key): void {
  if (key.state === 'Disabled') throw new ApiError('DisabledException', `${key.arn} is disabled.`);
  requireNotPendingDeletion(key);
}

/**
 * Refuses what a key that waits for its deletion does not take any more.
 *
 * @throws ApiError KMSInvalidStateException
 */
export function requireNotPendingDeletion(key: Key): void {
  if (key.state === 'PendingDeletion') {
    throw new ApiError('KMSInvalidStateException', `${key.arn} is pending deletion.`);
  }
}
