import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ApiError } from '../../api.ts';
import { crc32c } from './crc32c.ts';

/** The checksums that can be sent, verified and stored here. */
export const checksumAlgorithms = ['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const;

export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

/** A stored checksum, base64; one over the checksums of parts ends in `-` and their number. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** Takes bytes as they pass by. */
interface Digest {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

function crcDigest(next: (bytes: Uint8Array, before: number) => number): Digest {
  let crc = 0;
  return {
    update(bytes) {
      crc = next(bytes, crc);
    },
    digest() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc);
      return bytes;
    },
  };
}

/** Starts a checksum. */
export function createDigest(algorithm: ChecksumAlgorithm | 'MD5'): Digest {
  switch (algorithm) {
    case 'CRC32':
      return crcDigest(crc32);
    case 'CRC32C':
      return crcDigest(crc32c);
    default: {
      const hash = createHash(algorithm.toLowerCase());
      return {
        update(bytes) {
          hash.update(bytes);
        },
        digest: () => hash.digest(),
      };
    }
  }
}

/** The header or trailer that carries a checksum. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** The element of an XML body that carries a checksum. */
export function checksumElement(algorithm: ChecksumAlgorithm): `Checksum${ChecksumAlgorithm}` {
  return `Checksum${algorithm}`;
}

/**
 * Reads the name of an algorithm.
 *
 * @throws ApiError NotImplemented naming one that is not supported, CRC64NVME above all.
 */
export function checksumAlgorithm(name: string): ChecksumAlgorithm {
  const known = checksumAlgorithms.find((algorithm) => algorithm === name.toUpperCase());
  if (known === undefined) {
    throw new ApiError(
      'NotImplemented',
      `S3: checksum algorithm ${name} is not supported by the embedded cloud`,
      501,
    );
  }
  return known;
}

/** The checksum of a multipart object: over the raw checksums of its parts, in their order. */
export function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  partValues: readonly string[],
): Checksum {
  const digest = createDigest(algorithm);
  for (const value of partValues) digest.update(Buffer.from(value, 'base64'));
  return {
    algorithm,
    value: `${digest.digest().toString('base64')}-${String(partValues.length)}`,
    type: 'COMPOSITE',
  };
}

/** The headers that tell a checksum. */
export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  return checksum
    ? {
        [checksumHeader(checksum.algorithm)]: checksum.value,
        'x-amz-checksum-type': checksum.type,
      }
    : {};
}
