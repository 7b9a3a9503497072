import '../../../runtime/reflect-metadata.ts';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const validity = {
  notBefore: new Date('2020-01-01T00:00:00Z'),
  notAfter: new Date('2049-12-31T00:00:00Z'),
};

/** A key and its certificate, in PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** A certificate authority of a test. */
export interface TestAuthority {
  readonly pem: string;
  issue(name: string): Promise<Identity>;
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

export async function makeAuthority(): Promise<TestAuthority> {
  const keys = await newKeys();
  const root = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: 'CN=Test authority',
    signingAlgorithm: algorithm,
    keys,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  return {
    pem: root.toString('pem'),
    async issue(name) {
      const own = await newKeys();
      const certificate = await X509CertificateGenerator.create({
        ...validity,
        subject: `CN=${name}`,
        issuer: root.subject,
        signingAlgorithm: algorithm,
        signingKey: keys.privateKey,
        publicKey: own.publicKey,
        extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
      });
      const key = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      return {
        key: PemConverter.encode(key, PemConverter.PrivateKeyTag),
        cert: certificate.toString('pem'),
      };
    },
  };
}
