import { createECDH, randomBytes, type KeyObject } from 'node:crypto';

/** Order of the group of P-384. @see FIPS 186-4, D.1.2.4 */
const order = BigInt(
  '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
);
const scalarBytes = 48;

/**
 * Signs a digest of SHA-384 with a key of P-384; the signature is DER, as KMS answers it.
 *
 * Node's own `sign` hashes what it is given, and a caller of KMS has hashed already. Multiplying on
 * the curve is OpenSSL's; what is left is arithmetic, and not in constant time: good for keys that
 * live as long as an embedded cloud, and for no others.
 */
export function signDigest(privateKey: KeyObject, digest: Uint8Array): Buffer {
  const secret = read(Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url'));
  const message = read(digest);
  for (;;) {
    const nonce = 1n + (read(randomBytes(scalarBytes + 8)) % (order - 1n));
    const r = timesBase(nonce) % order;
    const s = (inverse(nonce) * (message + r * secret)) % order;
    if (r !== 0n && s !== 0n) return sequence(integer(r), integer(s));
  }
}

function read(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** The first coordinate of so many times the curve's base point. */
function timesBase(scalar: bigint): bigint {
  const curve = createECDH('secp384r1');
  curve.setPrivateKey(Buffer.from(scalar.toString(16).padStart(scalarBytes * 2, '0'), 'hex'));
  return read(curve.getPublicKey().subarray(1, 1 + scalarBytes));
}

/** By Euclid's algorithm. */
function inverse(value: bigint): bigint {
  let [previous, current] = [order, value];
  let [x, nextX] = [0n, 1n];
  while (current !== 0n) {
    const quotient = previous / current;
    [previous, current] = [current, previous - quotient * current];
    [x, nextX] = [nextX, x - quotient * nextX];
  }
  return x < 0n ? x + order : x;
}

function integer(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  // Without a leading zero it would be negative.
  const content = (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes]);
  return Buffer.concat([Buffer.from([0x02, content.length]), content]);
}

/** Both together have at most 102 bytes, whose length is one. */
function sequence(...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}
