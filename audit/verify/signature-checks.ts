import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { signatureFile, tagManifest } from '../bundle/bundle.ts';
import { EvidenceError } from '../evidence-error.ts';
import { type Files, textOf } from './bag-checks.ts';
import { type Check, check } from './check.ts';

/** A public key's fingerprint: SHA-256 of its SPKI in DER, as hex. */
export function fingerprint(pem: string): string {
  return fingerprintOf(readKey(pem));
}

const fingerprintOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('hex');

function readKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    // What is no PEM of a public key must not be taken: a private key has a public one, too.
    if (!pem.startsWith('-----BEGIN PUBLIC KEY-----')) throw new Error('no public key');
    key = createPublicKey(pem);
  } catch (error) {
    throw new EvidenceError('it is no public key in PEM', { cause: error });
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'secp384r1') {
    throw new EvidenceError('it is a public key, and not on the curve P-384');
  }
  return key;
}

/** Checks the signature, and that the key is the one that is expected, where one is. */
export function signatureChecks(files: Files, expected: string | undefined): Check[] {
  const pem = textOf(files, 'public-key.pem');
  const [key, problem] = keyOf(pem);
  const listed = files.get(tagManifest) ?? Buffer.alloc(0);
  const signature = files.get(signatureFile) ?? Buffer.alloc(0);
  const isGood = key !== undefined && verify('sha384', listed, key, signature);
  return [
    check(
      'signature',
      'the lists were signed with the key that is in the bundle (ECDSA, P-384, SHA-384)',
      isGood ? [] : [problem ?? 'the signature is not of this list and this key'],
    ),
    ...(expected === undefined
      ? []
      : [
          check(
            'key',
            'the key in the bundle is the one that you named',
            key !== undefined && fingerprintOf(key) === expected
              ? []
              : ['the bundle was signed with another key than you named'],
          ),
        ]),
  ];
}

function keyOf(pem: string): [KeyObject, undefined] | [undefined, string] {
  try {
    return [readKey(pem), undefined];
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    return [undefined, `public-key.pem: ${error.message}`];
  }
}
