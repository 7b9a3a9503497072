import { createHash, createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { EvidenceError } from '../evidence-error.ts';
import type { EvidenceSigner } from './signer.ts';

/**
 * Signs with an asymmetric key of KMS, which never lets the private key out.
 *
 * KMS gets a digest only: nothing of the evidence leaves with the call. Each signing is in the access
 * log, with the session of whoever asked for it.
 */
export function kmsSigner(kms: KMSClient, keyId: string): EvidenceSigner {
  return {
    async publicKeyPem() {
      const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: keyId }));
      if (PublicKey === undefined) throw new EvidenceError('KMS answered without a public key');
      const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
      return key.export({ format: 'pem', type: 'spki' }).toString();
    },
    async sign(tagManifest) {
      const { Signature } = await kms.send(
        new SignCommand({
          KeyId: keyId,
          Message: createHash('sha384').update(tagManifest).digest(),
          MessageType: 'DIGEST',
          SigningAlgorithm: 'ECDSA_SHA_384',
        }),
      );
      if (Signature === undefined) throw new EvidenceError('KMS answered without a signature');
      return Signature;
    },
  };
}
