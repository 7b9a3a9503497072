import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import * as z from 'zod';
import { ManifestEntry } from '../../workflow/model/manifest.ts';
import { BatchUnusableError } from '../exit-codes.ts';
import type { SourceFile } from './scan-files.ts';

/** An object as the journal knows it: its file's name and type are left to the next run's files. */
export const JournalEntry = ManifestEntry.omit({ name: true, mediaType: true });
export type JournalEntry = z.infer<typeof JournalEntry>;

/** A part of a multipart upload that the bucket has. */
export const StoredPart = z.strictObject({
  partNumber: z.int().min(1),
  etag: z.string(),
  crc32: z.string().optional(),
});
export type StoredPart = z.infer<typeof StoredPart>;

const Ciphertext = z.strictObject({ sizeBytes: z.int(), sha256: z.string() });

/** A step of an upload, as a line of its journal. */
export const JournalLine = z.discriminatedUnion('step', [
  /** The ciphertext lies complete in the spool folder, and may be on its way from now on. */
  z.strictObject({ step: z.literal('spooled'), file: z.string(), entry: JournalEntry }),
  /** A multipart upload of the object began; an earlier one of it counts no more. */
  z.strictObject({
    step: z.literal('parts'),
    objectId: z.string(),
    uploadId: z.string(),
    partBytes: z.int().min(1),
  }),
  z.strictObject({ step: z.literal('part'), objectId: z.string(), part: StoredPart }),
  z.strictObject({ step: z.literal('stored'), objectId: z.string() }),
  /** The set of objects is final: its listing may be on its way from now on. */
  z.strictObject({ step: z.literal('listed') }),
  /** The manifest's ciphertext lies complete in the spool folder, and may be on its way from now on. */
  z.strictObject({ step: z.literal('manifest'), ciphertext: Ciphertext }),
  z.strictObject({ step: z.literal('sealed') }),
]);
export type JournalLine = z.infer<typeof JournalLine>;

/**
 * Identity of a file: its place, size and time of change. Another content is another file.
 *
 * A digest, because a path may tell a name, and the journal stays on the machine.
 */
export function fileKey({ path, sizeBytes, modifiedMs }: SourceFile): string {
  return createHash('sha256').update(`${path}\0${sizeBytes}\0${modifiedMs}`).digest('hex');
}

/**
 * Steps that may wait for the disk: where a power failure takes one, the same is done once more,
 * and "exists already" is the answer. Any other has to stand before the next byte is sent.
 */
const repeatable = new Set<JournalLine['step']>(['part', 'stored']);

/** Appends lines to a journal. */
export class JournalWriter {
  readonly #descriptor: number;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'a', 0o600);
  }

  append(line: JournalLine): void {
    writeSync(this.#descriptor, `${JSON.stringify(line)}\n`);
    if (!repeatable.has(line.step)) fsyncSync(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/**
 * Reads a journal's lines.
 *
 * A last line that a crash cut off counts as never written, and is cut from the file, so that the
 * next line does not continue it.
 *
 * @throws BatchUnusableError where a line is damaged otherwise.
 */
export function readJournal(path: string): JournalLine[] {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf('\n') + 1;
  if (end < bytes.length) truncateSync(path, end);
  const lines = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  try {
    return lines.map((line) => JournalLine.parse(JSON.parse(line)));
  } catch (error) {
    throw new BatchUnusableError(
      "this machine's journal of the batch is damaged: upload to a new batch",
      { cause: error },
    );
  }
}
