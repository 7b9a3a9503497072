/** What a ciphertext is: what a researcher sent, or what a pipeline made. */
export type CiphertextKind = 'input' | 'result';

/**
 * The encryption context that binds every ciphertext to its study, batch and kind.
 *
 * KMS policies, grants and the header of every message name exactly these three fields; a grant
 * for a worker constrains the first two, the researcher's right the third.
 */
export function encryptionContext(
  place: { readonly study: string; readonly batchId: string },
  kind: CiphertextKind,
): Record<string, string> {
  return { study: place.study, batch: place.batchId, kind };
}
