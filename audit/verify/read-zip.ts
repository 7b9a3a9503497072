import { bundleFiles } from '../bundle/bundle.ts';
import { EvidenceError } from '../evidence-error.ts';

/** What a zip holds: the folder that all is in, and the files by their paths in the folder. */
export interface ZippedBundle {
  readonly folder: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const endLength = 22;
const entryLength = 46;
const localLength = 30;

/**
 * Takes a bundle out of its zip, in memory: no name in it is ever used as a path.
 *
 * Only files that are stored are taken, so a zip cannot unpack to more than it is; packed, encrypted
 * and split ones, those with comments, and names that no bundle has are refused. Whether the bytes
 * between are right is for whoever makes the zip again.
 *
 * @throws EvidenceError for what is no zip of a bundle.
 */
export function readZip(zip: Uint8Array): ZippedBundle {
  const bytes = Buffer.from(zip.buffer, zip.byteOffset, zip.length);
  const endAt = bytes.length - endLength;
  if (endAt < 0 || bytes.readUInt32LE(endAt) !== 0x06054b50) {
    throw new EvidenceError('it does not end as a zip of a bundle does');
  }
  const count = bytes.readUInt16LE(endAt + 10);
  if (count > bundleFiles.length) throw new EvidenceError('it has more files than a bundle');
  let at = bytes.readUInt32LE(endAt + 16);
  let folder: string | undefined;
  let total = 0;
  const files = new Map<string, Uint8Array>();
  for (let entry = 1; entry <= count; entry += 1) {
    const { name, content, next } = readEntry(bytes, at, entry);
    const slash = name.indexOf('/');
    const path = name.slice(slash + 1);
    folder ??= name.slice(0, slash);
    if (slash < 0 || name.slice(0, slash) !== folder || !bundleFiles.includes(path)) {
      throw new EvidenceError(`file ${entry} of its directory is no part of a bundle`);
    }
    if (files.has(path)) throw new EvidenceError(`it holds ${path} twice`);
    // Entries that share their bytes would be a small zip of much.
    total += content.length;
    if (total > bytes.length) throw new EvidenceError('its files lie on top of each other');
    files.set(path, content);
    at = next;
  }
  if (at !== endAt) throw new EvidenceError('its directory does not end where the zip does');
  return { folder: folder ?? '', files };
}

function readEntry(bytes: Buffer, at: number, number: number) {
  if (at + entryLength > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50) {
    throw new EvidenceError(`file ${number} of its directory cannot be read`);
  }
  const isStored = bytes.readUInt16LE(at + 10) === 0;
  const size = bytes.readUInt32LE(at + 20);
  const nameLength = bytes.readUInt16LE(at + 28);
  if (!isStored || bytes.readUInt32LE(at + 24) !== size) {
    throw new EvidenceError(`file ${number} of its directory is packed: a bundle's are stored`);
  }
  const next = at + entryLength + nameLength;
  const from = bytes.readUInt32LE(at + 42) + localLength + nameLength;
  if (next > bytes.length || from + size > bytes.length) {
    throw new EvidenceError(`file ${number} of its directory lies outside of the zip`);
  }
  return {
    name: bytes.toString('utf8', at + entryLength, next),
    content: bytes.subarray(from, from + size),
    next,
  };
}
