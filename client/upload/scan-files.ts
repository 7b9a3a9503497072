import type { Dirent } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from '../exit-codes.ts';
import { mediaTypeOf } from './media-types.ts';

/** A file to upload. It is called by its number, because its name may tell something. */
export interface SourceFile {
  /** Counts from 1, in the order of the command line and, in a folder, of sorted paths. */
  readonly number: number;
  /** Without links, so that the same file is known again from another folder. */
  readonly path: string;
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** The files found, and how many hidden files and folders were left out. */
export interface Scan {
  readonly files: readonly SourceFile[];
  readonly hidden: number;
}

/** Faults that are told one by one; the rest is counted. */
const mostToldFaults = 20;

/**
 * Finds the files to upload and checks what can be checked before anything leaves the laptop.
 *
 * In a folder, hidden files are left out; links are followed.
 *
 * @throws UserError naming all files at fault by number: missing, unreadable, empty, not a file, or
 * given twice. Nothing has been sent then.
 */
export async function scanFiles(paths: readonly string[], mediaType?: string): Promise<Scan> {
  const search = new Search(mediaType);
  for (const [position, path] of paths.entries()) await search.argument(path, position + 1);
  const { files, hidden, faults } = search;
  if (faults.length === 0) return { files, hidden };
  const more = faults.length - mostToldFaults;
  const told = faults.slice(0, mostToldFaults).join('; ');
  throw new UserError('badInput', more > 0 ? `${told}; and ${more} more` : told);
}

class Search {
  readonly files: SourceFile[] = [];
  readonly faults: string[] = [];
  hidden = 0;
  readonly #mediaType: string | undefined;
  readonly #numbers = new Map<string, number>();
  readonly #folders = new Set<string>();
  #number = 0;

  constructor(mediaType: string | undefined) {
    this.#mediaType = mediaType;
  }

  /** Takes an argument of the command line: a file, or a folder with all that is in it. */
  async argument(given: string, position: number): Promise<void> {
    const argument = `argument ${position}`;
    const before = this.#number + this.faults.length;
    try {
      const path = await realpath(given);
      if ((await stat(path)).isDirectory()) await this.#folder(path, argument);
      else await this.#file(path, basename(given));
    } catch (error) {
      this.faults.push(`${argument} cannot be read (${reason(error)})`);
    }
    if (this.#number + this.faults.length === before) {
      this.faults.push(`${argument} is a folder without files`);
    }
  }

  async #folder(path: string, argument: string): Promise<void> {
    if (this.#folders.has(path)) {
      this.faults.push(`${argument} comes to the same folder twice`);
      return;
    }
    this.#folders.add(path);
    for (const entry of await sortedEntries(path)) {
      if (entry.name.startsWith('.')) this.hidden += 1;
      else await this.#entry(join(path, entry.name), entry, argument);
    }
  }

  async #entry(path: string, entry: Dirent, argument: string): Promise<void> {
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await linksToFolder(path)));
    if (!isFolder) {
      await this.#file(path, entry.name);
      return;
    }
    try {
      await this.#folder(await realpath(path), argument);
    } catch (error) {
      this.faults.push(`a folder in ${argument} cannot be read (${reason(error)})`);
    }
  }

  async #file(path: string, name: string): Promise<void> {
    this.#number += 1;
    const number = this.#number;
    try {
      const real = await realpath(path);
      const fault = await this.#take(real, name, number);
      if (fault !== undefined) this.faults.push(`file ${number} ${fault}`);
    } catch (error) {
      this.faults.push(`file ${number} cannot be read (${reason(error)})`);
    }
  }

  /** Takes a file, or says what is wrong with it. */
  async #take(path: string, name: string, number: number): Promise<string | undefined> {
    const earlier = this.#numbers.get(path);
    if (earlier !== undefined) return `is file ${earlier} again`;
    this.#numbers.set(path, number);
    const status = await stat(path);
    if (!status.isFile()) return 'is not a regular file';
    if (status.size === 0) return 'is empty';
    // To open it is the only answer to whether it can be read.
    await (await open(path)).close();
    this.files.push({
      number,
      path,
      name,
      mediaType: this.#mediaType ?? mediaTypeOf(name),
      sizeBytes: status.size,
      modifiedMs: status.mtimeMs,
    });
    return undefined;
  }
}

async function sortedEntries(path: string): Promise<Dirent[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A link to nowhere is no folder; as a file it is found unreadable. */
async function linksToFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function reason(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'error';
}
