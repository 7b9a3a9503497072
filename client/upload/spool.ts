import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Digest, digestStream } from '../../envelope/digest-stream.ts';
import { type Encryptor, PlaintextTooLongError } from '../../envelope/encryptor.ts';
import { UserError } from '../exit-codes.ts';
import type { SourceFile } from './scan-files.ts';

/** What was spooled: the digests of both sides. */
export interface Spooled {
  readonly plaintext: Digest;
  readonly ciphertext: Digest;
}

interface Spool {
  /** Size of the source, or a bound of it. */
  readonly mostBytes: number;
  /** Where the ciphertext goes. */
  readonly path: string;
  readonly encryptor: Encryptor;
  readonly signal: AbortSignal;
  readonly onBytes?: (sizeBytes: number) => void;
}

/** Encrypts bytes into a spool file, which is there whole, and on the disk, or not at all. */
export async function spool(
  source: Readable,
  { mostBytes, path, encryptor, signal, onBytes }: Spool,
): Promise<Spooled> {
  const part = `${path}.part`;
  const plaintext = digestStream();
  const ciphertext = digestStream();
  async function* counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      onBytes?.(chunk.length);
      yield chunk;
    }
  }
  try {
    await pipeline(
      source,
      counted,
      plaintext,
      encryptor.encrypt(mostBytes),
      ciphertext,
      createWriteStream(part, { mode: 0o600, flush: true }),
      { signal },
    );
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  return { plaintext: plaintext.digest, ciphertext: ciphertext.digest };
}

/**
 * Encrypts a file into the spool folder.
 *
 * The ciphertext lies on the laptop before a byte of it is sent: a retry sends the same bytes, so
 * "exists already" always means that they arrived, and a file that changes while it is read is
 * found before it is too late.
 *
 * @throws UserError where the file cannot be read, or changed since it was found.
 */
export async function spoolFile(
  file: SourceFile,
  options: Omit<Spool, 'mostBytes'>,
): Promise<Spooled> {
  const source = createReadStream(file.path, { highWaterMark: 1024 * 1024 });
  try {
    const spooled = await spool(source, { ...options, mostBytes: file.sizeBytes });
    if (spooled.plaintext.sizeBytes === file.sizeBytes && (await isUnchanged(file))) return spooled;
  } catch (error) {
    if (error instanceof PlaintextTooLongError) throw changed(file, error);
    throw isOfReading(error, file) ? cannotBeRead(file, error) : error;
  }
  await rm(options.path, { force: true });
  throw changed(file);
}

async function isUnchanged({ path, sizeBytes, modifiedMs }: SourceFile): Promise<boolean> {
  try {
    const { size, mtimeMs } = await stat(path);
    return size === sizeBytes && mtimeMs === modifiedMs;
  } catch {
    return false;
  }
}

function changed({ number }: SourceFile, cause?: unknown): UserError {
  return new UserError('badInput', `file ${number} changed while it was read`, { cause });
}

/** The spool file may fail, too: a full disk is not the source's fault. */
function isOfReading(error: unknown, { path }: SourceFile): boolean {
  const { syscall, path: of } = error as NodeJS.ErrnoException;
  return syscall === 'read' || (syscall === 'open' && of === path);
}

function cannotBeRead(file: SourceFile, cause: unknown): UserError {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return changed(file, cause);
  return new UserError('badInput', `file ${file.number} cannot be read (${code ?? 'error'})`, {
    cause,
  });
}
