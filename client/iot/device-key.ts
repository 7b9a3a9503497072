import '../../runtime/reflect-metadata.ts';
import { webcrypto } from 'node:crypto';
import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Makes a device's private key, as PKCS #8 in PEM. It is made here, and sent nowhere. */
export async function makeDeviceKey(): Promise<string> {
  const { privateKey } = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return PemConverter.encode(
    await webcrypto.subtle.exportKey('pkcs8', privateKey),
    PemConverter.PrivateKeyTag,
  );
}

/** Makes the request for a certificate of a device's key: the device's id is all that it says. */
export async function makeSigningRequest(device: string, keyPem: string): Promise<string> {
  const pkcs8 = PemConverter.decodeFirst(keyPem);
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
  // Of a private key, Web Crypto tells the public one only this way.
  const { d, key_ops, ...point } = await webcrypto.subtle.exportKey('jwk', privateKey);
  const publicKey = await webcrypto.subtle.importKey('jwk', point, algorithm, true, ['verify']);
  const request = await Pkcs10CertificateRequestGenerator.create(
    { name: `CN=${device}`, keys: { privateKey, publicKey }, signingAlgorithm: algorithm },
    webcrypto,
  );
  return request.toString('pem');
}
