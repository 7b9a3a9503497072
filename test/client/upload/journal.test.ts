import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { Journal } from '../../../client/upload/journal.ts';
import type { JournalEntry } from '../../../client/upload/journal-lines.ts';
import type { SourceFile } from '../../../client/upload/scan-files.ts';
import { batchId } from '../fake-aws/study.ts';
import { useLaptop } from '../laptop.ts';

const laptop = useLaptop();

const file: SourceFile = {
  number: 1,
  path: '/home/k/John-Doe.csv',
  name: 'John-Doe.csv',
  mediaType: 'text/csv',
  sizeBytes: 3,
  modifiedMs: 1_700_000_000_000.5,
};
const entry: JournalEntry = {
  objectId: 'pgjtpcggkqndjphcbhqhr',
  sizeBytes: 3,
  sha256: 'a'.repeat(64),
  ciphertextBytes: 500,
  ciphertextSha256: 'b'.repeat(64),
};
const { objectId } = entry;

function open(): Journal {
  return new Journal('czarhipaa', batchId);
}

/** What the journal says after it was opened anew. */
function reopened<Answer>(read: (journal: Journal) => Answer): Answer {
  const journal = open();
  try {
    return read(journal);
  } finally {
    journal.close();
  }
}

function write(...steps: ((journal: Journal) => void)[]): void {
  reopened((journal) => steps.forEach((step) => step(journal)));
}

const spooled = (journal: Journal): void => journal.spooled(file, entry);
const stored = (journal: Journal): void => journal.append({ step: 'stored', objectId });

describe('a journal', () => {
  it('knows what was done, step by step, after a crash at each of them', () => {
    const seen = () =>
      reopened((journal) => ({
        file: journal.find(file)?.stored,
        fresh: journal.isFresh,
        listed: journal.listed,
        manifest: journal.manifest?.sizeBytes,
        sealed: journal.sealed,
      }));
    const before = {
      file: undefined,
      fresh: true,
      listed: false,
      manifest: undefined,
      sealed: false,
    };
    const ciphertext = { sizeBytes: 9, sha256: 'c'.repeat(64) };

    expect(seen()).toEqual(before);
    write(spooled);
    expect(seen()).toEqual({ ...before, fresh: false, file: false });
    write(stored);
    expect(seen()).toEqual({ ...before, fresh: false, file: true });
    write((journal) => journal.append({ step: 'listed' }));
    expect(seen()).toEqual({ ...before, fresh: false, file: true, listed: true });
    write((journal) => journal.append({ step: 'manifest', ciphertext }));
    expect(seen()).toMatchObject({ manifest: 9, sealed: false });
    write((journal) => journal.append({ step: 'sealed' }));
    expect(seen()).toMatchObject({ manifest: 9, sealed: true });
  });

  it('knows the parts of the last multipart upload of an object, until it is stored', () => {
    const part = { partNumber: 2, etag: '"x"', crc32: 'AAAAAA==' };
    const began = (uploadId: string) => (journal: Journal) =>
      journal.append({ step: 'parts', objectId, uploadId, partBytes: 8 });
    const one = (journal: Journal): void => journal.append({ step: 'part', objectId, part });

    write(spooled, began('first'), one);
    expect(reopened((journal) => journal.partialUpload(objectId))).toEqual({
      uploadId: 'first',
      partBytes: 8,
      parts: new Map([[2, part]]),
    });
    write(began('second'));
    expect(reopened((journal) => journal.partialUpload(objectId)?.parts.size)).toBe(0);
    write(stored);
    expect(reopened((journal) => journal.partialUpload(objectId))).toBeUndefined();
  });

  it('counts a line that a crash cut off as never written, at every byte, and goes on', () => {
    write(spooled);
    const [line = ''] = readFileSync(laptop.journalPath(), 'utf8').split('\n');
    for (let length = 0; length <= line.length; length += 7) {
      writeFileSync(laptop.journalPath(), line.slice(0, length));

      const found = reopened((journal) => journal.find(file));
      write(spooled, stored);

      expect(found).toBeUndefined();
      expect(reopened((journal) => journal.find(file)?.stored)).toBe(true);
    }
  });

  it('counts the zeros that a power failure leaves as never written', () => {
    write(spooled);
    appendFileSync(laptop.journalPath(), Buffer.alloc(100));

    write(stored);

    expect(reopened((journal) => journal.find(file)?.stored)).toBe(true);
  });

  it.each(['{"step":"stored","objectId"\n', '{"step":"unknown"}\n', '\n', 'John Doe\n'])(
    'that is damaged otherwise is refused, not guessed at, and not repeated: %j',
    (line) => {
      appendFileSync((write(spooled), laptop.journalPath()), line);

      expect(open).toThrow("this machine's journal of the batch is damaged");
      // It is not locked afterwards either.
      truncateSync(laptop.journalPath(), 0);
      expect(reopened((journal) => journal.isFresh)).toBe(true);
    },
  );

  it('takes a file of another size or time, or in another place, for another file', () => {
    write(spooled);

    const found = reopened((journal) =>
      [
        file,
        { ...file, number: 7, name: 'other.csv' },
        { ...file, sizeBytes: 4 },
        { ...file, modifiedMs: 1_700_000_000_001 },
        { ...file, path: '/home/k/b.csv' },
      ].map((one) => journal.find(one) !== undefined),
    );

    expect(found).toEqual([true, true, false, false, false]);
  });

  it('has no name in it', () => {
    write(spooled, stored);

    expect(readFileSync(laptop.journalPath(), 'utf8')).not.toMatch(/john|home|csv/i);
  });

  it('removes ciphertext that nobody will send any more, and keeps what waits', () => {
    write(spooled);
    const waits = ['manifest', 'listing', objectId, 'jmhbqgnxzxzbpqpmhfvbd', 'x.part'];
    for (const name of waits) writeFileSync(join(laptop.spoolPath(), name), 'x');

    write();
    expect(readdirSync(laptop.spoolPath())).toEqual([objectId]);
    write(stored);
    write();
    expect(readdirSync(laptop.spoolPath())).toEqual([]);
  });
});

describe('the lock of a batch', () => {
  const lockPath = (): string => join(dirname(laptop.journalPath()), 'lock');

  function lockedBy(owner: Record<string, unknown>): void {
    mkdirSync(dirname(lockPath()), { recursive: true });
    writeFileSync(lockPath(), JSON.stringify({ token: 'theirs', host: hostname(), ...owner }));
  }

  it('keeps a second upload out until the first has ended', () => {
    const first = open();

    expect(open).toThrow('another czar upload of this batch runs on this machine');
    first.close();
    expect(() => open().close()).not.toThrow();
    expect(existsSync(lockPath())).toBe(false);
  });

  it('is taken over from a process that is gone', async () => {
    const gone = spawn(process.execPath, ['--eval', '']);
    await once(gone, 'exit');
    lockedBy({ pid: gone.pid });

    const journal = open();

    expect(readFileSync(lockPath(), 'utf8')).toContain(`"pid":${process.pid}`);
    expect(readdirSync(dirname(lockPath())).filter((name) => name.startsWith('lock.'))).toEqual([]);
    journal.close();
  });

  it('is not taken over from a machine that shares the home folder, and tells what to do', () => {
    lockedBy({ pid: 1, host: 'elsewhere' });

    expect(open).toThrow(/runs on another machine with the same home folder.*delete the file lock/);
    expect(existsSync(lockPath())).toBe(true);
  });

  it('is left alone by who does not hold it any more', () => {
    const journal = open();
    lockedBy({ pid: process.pid });

    journal.close();

    expect(readFileSync(lockPath(), 'utf8')).toContain('theirs');
  });

  it('that is damaged is told, not removed', () => {
    mkdirSync(dirname(lockPath()), { recursive: true });
    writeFileSync(lockPath(), '12345');

    expect(open).toThrow('the lock of this batch on this machine is damaged: delete it');
  });
});
