import { generateKeyPairSync, sign } from 'node:crypto';
import type { EvidenceSigner } from '../../audit/bundle/signer.ts';

/**
 * Signs as KMS does, with a key pair of the test's own: a new one each time, so that nobody can come to
 * trust it.
 */
export function localSigner(): EvidenceSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  return {
    publicKeyPem: () => Promise.resolve(pem),
    sign: (tagManifest) => Promise.resolve(sign('sha384', tagManifest, privateKey)),
  };
}
