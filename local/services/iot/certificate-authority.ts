import '../../../runtime/reflect-metadata.ts';
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type Extension,
  type PublicKey,
} from '@peculiar/x509';

/** A certificate as it was issued. */
export interface IssuedCertificate {
  /** SHA-256 of its DER form, in hex. */
  readonly id: string;
  readonly pem: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Issues certificates. Its key lives in memory and ends with the process. */
export interface CertificateAuthority {
  readonly pem: string;
  /** A key and a certificate for a server on the loopback interface. */
  issueServer(): Promise<{ readonly key: string; readonly certificate: string }>;
  /**
   * A certificate for the key of a signing request, with the request's subject.
   *
   * @throws InvalidRequestError when it is none, or not signed by its own key.
   */
  issueClient(requestPem: string): Promise<IssuedCertificate>;
}

/** A certificate signing request that cannot be read or does not prove that its sender has the key. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** AWS's own certificates end then. */
const notAfter = new Date('2049-12-31T23:59:59Z');

/** TLS goes by the machine's clock, whichever clock the cloud runs on; a device's may be an hour behind. */
const notBefore = (): Date => new Date(Math.floor(Date.now() / 1000) * 1000 - 3600 * 1000);

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

async function readRequest(pem: string): Promise<Pkcs10CertificateRequest> {
  let request;
  try {
    request = new Pkcs10CertificateRequest(pem);
    if (await request.verify()) return request;
  } catch (error) {
    throw new InvalidRequestError('not a certificate signing request', { cause: error });
  }
  throw new InvalidRequestError('not signed by its own key');
}

/** Makes a certificate authority with a key of its own. */
export async function createCertificateAuthority(name: string): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const root = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: notBefore(),
    notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const issue = (
    subject: string,
    publicKey: PublicKey | webcrypto.CryptoKey,
    extensions: Extension[],
  ) =>
    X509CertificateGenerator.create({
      // Positive, as a serial number must be.
      serialNumber: `0${randomBytes(16).toString('hex').slice(1)}`,
      subject,
      issuer: root.subject,
      notBefore: notBefore(),
      notAfter,
      signingAlgorithm: algorithm,
      signingKey: keys.privateKey,
      publicKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        ...extensions,
      ],
    });
  return {
    pem: `${root.toString('pem')}\n`,
    async issueServer() {
      const own = await newKeys();
      const certificate = await issue('CN=127.0.0.1', own.publicKey, [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([
          { type: 'ip', value: '127.0.0.1' },
          { type: 'dns', value: 'localhost' },
        ]),
      ]);
      const key = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      return {
        key: PemConverter.encode(key, PemConverter.PrivateKeyTag),
        certificate: certificate.toString('pem'),
      };
    },
    async issueClient(requestPem) {
      const request = await readRequest(requestPem);
      const certificate = await issue(request.subject, request.publicKey, [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      ]);
      return {
        id: createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex'),
        pem: `${certificate.toString('pem')}\n`,
        notBefore: certificate.notBefore,
        notAfter: certificate.notAfter,
      };
    },
  };
}
