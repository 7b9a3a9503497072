import { getItem, type Table } from '../table.ts';
import { type Fence, writeFenced } from './fence.ts';

/** Numbers of a boot that one item holds: 4 KiB, which DynamoDB writes for four units. */
export const blockLength = 512;

const digestBytes = 8;

/** Which block a number is in. */
export const blockOf = (seq: number): number => Math.floor(seq / blockLength);

/** Seven digits: numbers go up to 2^31. */
const sortKey = (boot: string, block: number): string =>
  `BLOCK#${boot}#${String(block).padStart(7, '0')}`;

/**
 * Which numbers of a boot came, and with which content: the first 8 bytes of a SHA-256 of what each said.
 *
 * 64 bits tell whether a device sent a number again or gave it to something else: neither happens often
 * enough for two of them to be equal by chance.
 */
export class Block {
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array = new Uint8Array(blockLength * digestBytes)) {
    if (bytes.length !== blockLength * digestBytes) throw new Error('a block has another length');
    this.#bytes = Buffer.from(bytes);
  }

  /** The content of a number; undefined where it did not come. */
  digest(seq: number): string | undefined {
    const at = (seq % blockLength) * digestBytes;
    const digest = this.#bytes.subarray(at, at + digestBytes);
    return digest.every((byte) => byte === 0) ? undefined : digest.toString('hex');
  }

  /** Notes that a number came. */
  set(seq: number, digest: string): void {
    this.#bytes.write(digest, (seq % blockLength) * digestBytes, digestBytes, 'hex');
  }

  /** All of it, as it is stored. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }
}

/** The short digest of a payload. All zeros stand for a number that did not come, so none is that. */
export function shortDigest(sha256: Buffer): string {
  const digest = sha256.subarray(0, digestBytes).toString('hex');
  return /^0+$/.test(digest) ? `${digest.slice(0, -1)}1` : digest;
}

/** Reads a block; an empty one where nothing of it came. */
export async function getBlock(
  table: Table,
  device: string,
  boot: string,
  block: number,
): Promise<Block> {
  const found = await getItem(table, device, sortKey(boot, block));
  return new Block(found?.digests instanceof Uint8Array ? found.digests : undefined);
}

/**
 * Writes a block as it is after a chunk, once for each chunk.
 *
 * @throws LeaseLostError
 */
export async function putBlock(
  table: Table,
  fence: Fence,
  { device, boot, block }: { device: string; boot: string; block: number },
  { bytes }: Block,
  chunk: string,
): Promise<void> {
  await writeFenced(table, fence, {
    partition: device,
    item: sortKey(boot, block),
    values: { digests: bytes },
    chunk,
  });
}
