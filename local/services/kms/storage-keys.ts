import type { Call, StorageKeys } from '../../api.ts';
import type { EncryptionContext } from './encryption-context.ts';
import { keyAccess } from './key-access.ts';
import { requireUsage } from './key-spec.ts';
import { requireUsable, type KeyStore } from './key-store.ts';

/**
 * {@link StorageKeys} for a service that binds what it encrypts to an encryption context, as S3
 * does with `aws:s3:arn`. Any StorageKeys is one, too: it takes no notice of the context.
 */
export interface ContextualStorageKeys extends StorageKeys {
  generate(
    call: Call,
    via: string,
    keyArn: string,
    encryptionContext?: EncryptionContext,
  ): { readonly keyArn: string };
  use(call: Call, via: string, keyArn: string, encryptionContext?: EncryptionContext): void;
}

/**
 * Encryption at rest for the other services.
 *
 * Nothing is encrypted: this holds the caller's rights on the key and the key's state, which is
 * what policies and tests can tell from outside. Both raise KMS's own errors.
 */
export function createStorageKeys(store: KeyStore): ContextualStorageKeys {
  function use(
    operationName: 'GenerateDataKey' | 'Decrypt',
    call: Call,
    via: string,
    keyArn: string,
    encryptionContext: EncryptionContext,
  ): { readonly keyArn: string } {
    const found = store.find(keyArn);
    call.authorizeVia(
      via,
      keyAccess(store, found, operationName, call.caller, { encryptionContext }),
    );
    requireUsable(found.key);
    requireUsage(found.key, 'ENCRYPT_DECRYPT');
    return { keyArn: found.key.arn };
  }

  return {
    generate: (call, via, keyArn, context = {}) =>
      use('GenerateDataKey', call, via, keyArn, context),
    use: (call, via, keyArn, context = {}) => void use('Decrypt', call, via, keyArn, context),
    attach(call, via, keyArn) {
      const found = store.find(keyArn);
      const context = {
        'kms:GrantIsForAWSResource': true,
        'kms:GrantOperations': ['Decrypt', 'GenerateDataKeyWithoutPlaintext', 'RetireGrant'],
      };
      call.authorizeVia(via, keyAccess(store, found, 'CreateGrant', call.caller, { context }));
      requireUsable(found.key);
      requireUsage(found.key, 'ENCRYPT_DECRYPT');
    },
  };
}
