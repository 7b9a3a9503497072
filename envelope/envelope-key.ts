import type { KMSClient } from '@aws-sdk/client-kms';
import type { CiphertextKind } from '../workflow/model/encryption-context.ts';
import type { BatchPlace } from '../workflow/model/keys.ts';

/** Under which key, and bound to what, the ciphertexts of one batch are. */
export interface EnvelopeKey {
  /** Reaches the KMS of the key's region; its endpoint and retries are the caller's to set. */
  readonly kms: KMSClient;
  /** The study's data key (HomerKey), as an ARN: an alias could be pointed elsewhere. */
  readonly keyArn: string;
  readonly place: BatchPlace;
  readonly kind: CiphertextKind;
  /** Lets a grant be used before it has reached all of KMS. */
  readonly grantTokens?: readonly string[] | undefined;
}
