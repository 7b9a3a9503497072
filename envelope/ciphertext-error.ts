import type { FailureReason } from '../workflow/model/ledger-items.ts';

/** What can be wrong with a ciphertext itself, in the ledger's words. */
export type CiphertextFault = Extract<
  FailureReason,
  'NOT_ENCRYPTED' | 'WRONG_CONTEXT' | 'TRUNCATED' | 'CORRUPT'
>;

const explanations: Readonly<Record<CiphertextFault, string>> = {
  NOT_ENCRYPTED: 'it is not a message of the agreed form',
  WRONG_CONTEXT: 'it is bound to another study, batch, kind or key',
  TRUNCATED: 'it ends before its last frame',
  CORRUPT: 'it does not authenticate',
};

/**
 * A ciphertext cannot be decrypted because of what it is.
 *
 * Another try ends the same way. A KMS that is out of reach, or denies, is never reported as this.
 */
export class CiphertextError extends Error {
  override readonly name = 'CiphertextError';
  readonly code = 'CiphertextError';
  readonly reason: CiphertextFault;

  constructor(reason: CiphertextFault, options?: ErrorOptions) {
    super(`The ciphertext cannot be decrypted: ${explanations[reason]}.`, options);
    this.reason = reason;
  }
}
