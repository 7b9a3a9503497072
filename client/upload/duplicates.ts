import { UserError } from '../exit-codes.ts';
import type { Journal } from './journal.ts';
import type { SourceFile } from './scan-files.ts';

/** Doubles that are told one by one; the rest is counted. */
const mostTold = 20;

/** Finds files that have the same content as another of the batch, by digest. */
export class Duplicates {
  readonly #allowed: boolean;
  /** Number of the file that stands for a content. */
  readonly #contents = new Map<string, number>();
  readonly #doubles: { readonly double: number; readonly first: number }[] = [];

  /** What an earlier run sent comes first: it can no more be left out. */
  constructor(upload: {
    readonly files: readonly SourceFile[];
    readonly journal: Journal;
    readonly allowDuplicates: boolean;
  }) {
    this.#allowed = upload.allowDuplicates;
    for (const file of upload.files) {
      const known = upload.journal.find(file);
      if (known !== undefined) this.#contents.set(known.entry.sha256, file.number);
    }
  }

  /** Says whether a file that was not sent yet is another's double, and notes it. */
  isDouble({ number }: SourceFile, sha256: string): boolean {
    const first = this.#contents.get(sha256);
    if (first === undefined) this.#contents.set(sha256, number);
    if (first === undefined || this.#allowed) return false;
    this.#doubles.push({ double: number, first });
    return true;
  }

  /** @throws UserError naming all doubles by number, and what can be done. */
  refuse(): void {
    if (this.#doubles.length === 0) return;
    const sorted = this.#doubles.toSorted((a, b) => a.double - b.double);
    const told = sorted
      .slice(0, mostTold)
      .map(({ double, first }) => `file ${double} has the same content as file ${first}`);
    if (sorted.length > mostTold) told.push(`and ${sorted.length - mostTold} more`);
    throw new UserError(
      'badInput',
      `${told.join('; ')}. Nothing is sealed: leave the former of each out, or pass --allow-duplicates`,
    );
  }
}
