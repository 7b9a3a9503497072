import { crc32 } from 'node:zlib';
import { EvidenceError } from '../evidence-error.ts';
import type { Bundle } from './bundle.ts';

/** 1 January 1980, midnight: the first moment that a zip can name. */
const noDate = 0x00_21_00_00;
/** Names are UTF-8. */
const flags = 0x08_00;
/** Written on Unix, by version 2.0, which is the least that has folders in names. */
const madeBy = 0x03_14;
const needed = 20;
/** A plain file that its owner may write and all may read. */
const mode = (0o100644 << 16) >>> 0;
const mostFiles = 0xff_fe;
const mostBytes = 0xff_ff_ff_fe;

/** What the local header and the directory say of a file alike. */
function facts(name: Uint8Array, content: Uint8Array): Buffer {
  const part = Buffer.alloc(26);
  part.writeUInt16LE(needed, 0);
  part.writeUInt16LE(flags, 2);
  // Stored: a file that is not packed cannot unpack to more than it is.
  part.writeUInt16LE(0, 4);
  part.writeUInt32LE(noDate, 6);
  part.writeUInt32LE(crc32(content), 10);
  part.writeUInt32LE(content.length, 14);
  part.writeUInt32LE(content.length, 18);
  part.writeUInt16LE(name.length, 22);
  return part;
}

function signed(signature: number, ...parts: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(signature);
  return Buffer.concat([head, ...parts]);
}

/**
 * Writes a bundle as a zip: the same bytes for the same bundle, wherever and whenever.
 *
 * Files are stored as they are, in the order of their names, under a folder of the bundle's name, with
 * one date for all. So a reader can make the zip again of what it holds, and finds any byte that differs.
 * Every unzip program opens it.
 *
 * @throws EvidenceError past what a zip without its 64-bit extension can hold: 4 GiB or 65,534 files.
 */
export function zipBundle({ name: folder, files }: Bundle): Uint8Array {
  const bodies: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [path, content] of [...files].toSorted(([a], [b]) => Number(a > b) - Number(a < b))) {
    const name = Buffer.from(`${folder}/${path}`);
    const common = facts(name, content);
    const local = signed(0x04034b50, common, name);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(mode, 6);
    rest.writeUInt32LE(offset, 10);
    const version = Buffer.alloc(2);
    version.writeUInt16LE(madeBy);
    directory.push(signed(0x02014b50, version, common, rest, name));
    bodies.push(local, content);
    offset += local.length + content.length;
    if (offset > mostBytes) throw new EvidenceError('the evidence is past the size of a zip');
  }
  if (files.size > mostFiles) throw new EvidenceError('the evidence has more files than a zip');
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.size, 4);
  end.writeUInt16LE(files.size, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, central, signed(0x06054b50, end)]);
}
