import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../envelope/digest-stream.ts';
import { lockBatch } from './batch-lock.ts';
import {
  fileKey,
  type JournalEntry,
  type JournalLine,
  JournalWriter,
  readJournal,
  type StoredPart,
} from './journal-lines.ts';
import type { SourceFile } from './scan-files.ts';
import { stateDirectory } from './state-directory.ts';

/** A multipart upload under way. */
export interface PartialUpload {
  readonly uploadId: string;
  readonly partBytes: number;
  readonly parts: ReadonlyMap<number, StoredPart>;
}

/** What the journal knows of a file. */
export interface JournaledFile {
  readonly entry: JournalEntry;
  readonly stored: boolean;
}

/**
 * What was done already for one batch, kept on the uploader's machine so that an interrupted upload
 * goes on without reading anything back from the bucket.
 *
 * JSON lines in `<state>/<study>-<batch>/`, 0700; ciphertext only, no file name.
 */
export class Journal {
  readonly #entries = new Map<string, JournalEntry>();
  readonly #stored = new Set<string>();
  readonly #partial = new Map<
    string,
    { uploadId: string; partBytes: number; parts: Map<number, StoredPart> }
  >();
  readonly #writer: JournalWriter;
  readonly #unlock: () => void;
  #listed = false;
  #manifest: Digest | undefined;
  #sealed = false;

  /** Where ciphertexts wait for the bucket. */
  readonly spoolDirectory: string;

  /**
   * Opens a batch's journal, and locks it.
   *
   * @throws UserError where another `czar upload` of the batch runs, or the journal is damaged.
   */
  constructor(study: string, batchId: string) {
    const directory = join(stateDirectory(), `${study}-${batchId}`);
    this.spoolDirectory = join(directory, 'spool');
    mkdirSync(this.spoolDirectory, { recursive: true, mode: 0o700 });
    this.#unlock = lockBatch(directory);
    try {
      const path = join(directory, 'journal.jsonl');
      readJournal(path).forEach((line) => this.#apply(line));
      this.#writer = new JournalWriter(path);
      this.#sweep();
    } catch (error) {
      this.#unlock();
      throw error;
    }
  }

  /** Whether nothing of the batch has left this machine. */
  get isFresh(): boolean {
    return this.#entries.size === 0;
  }

  get listed(): boolean {
    return this.#listed;
  }

  /** The manifest's ciphertext, where it was spooled. */
  get manifest(): Digest | undefined {
    return this.#manifest;
  }

  get sealed(): boolean {
    return this.#sealed;
  }

  find(file: SourceFile): JournaledFile | undefined {
    const entry = this.#entries.get(fileKey(file));
    return entry && { entry, stored: this.#stored.has(entry.objectId) };
  }

  /** Ids of objects that are stored or may be, whether or not their files are among those given now. */
  sentIds(): Set<string> {
    return new Set(this.#entries.values().map(({ objectId }) => objectId));
  }

  partialUpload(objectId: string): PartialUpload | undefined {
    return this.#partial.get(objectId);
  }

  /** Notes a step, before what it allows is done. */
  append(line: JournalLine): void {
    this.#writer.append(line);
    this.#apply(line);
  }

  spooled(file: SourceFile, entry: JournalEntry): void {
    this.append({ step: 'spooled', file: fileKey(file), entry });
  }

  close(): void {
    this.#writer.close();
    this.#unlock();
  }

  #apply(line: JournalLine): void {
    switch (line.step) {
      case 'spooled':
        this.#entries.set(line.file, line.entry);
        break;
      case 'parts': {
        const { objectId, uploadId, partBytes } = line;
        this.#partial.set(objectId, { uploadId, partBytes, parts: new Map() });
        break;
      }
      case 'part':
        this.#partial.get(line.objectId)?.parts.set(line.part.partNumber, line.part);
        break;
      case 'stored':
        this.#stored.add(line.objectId);
        this.#partial.delete(line.objectId);
        break;
      case 'listed':
        this.#listed = true;
        break;
      case 'manifest':
        this.#manifest = line.ciphertext;
        break;
      case 'sealed':
        this.#sealed = true;
    }
  }

  /** Removes what a crash left behind: ciphertexts that nobody will send, or that arrived. */
  #sweep(): void {
    const waiting = this.sentIds().difference(this.#stored);
    if (this.#manifest !== undefined) waiting.add('manifest');
    for (const name of readdirSync(this.spoolDirectory)) {
      if (!waiting.has(name)) rmSync(join(this.spoolDirectory, name), { force: true });
    }
  }
}
