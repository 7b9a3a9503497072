import { open } from 'node:fs/promises';

/** Reads up to `length` bytes of a file from an offset on. */
export async function readPart(path: string, offset: number, length: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const part = Buffer.allocUnsafe(Math.min(length, size - offset));
    let filled = 0;
    while (filled < part.length) {
      const { bytesRead } = await file.read(part, filled, part.length - filled, offset + filled);
      if (bytesRead === 0) throw new Error('a spooled file became shorter');
      filled += bytesRead;
    }
    return part;
  } finally {
    await file.close();
  }
}
