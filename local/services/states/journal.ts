import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Past } from '../../asl/execution.ts';
import type { HistoryEvent } from '../../asl/history.ts';
import type { Input } from '../../asl/input.ts';

/** What an execution was started with. */
export interface StartRecord {
  readonly kind: 'start';
  readonly format: 1;
  /** Counts the executions of one directory. */
  readonly ordinal: number;
  readonly executionArn: string;
  readonly name: string;
  readonly stateMachineArn: string;
  /** As the state machine had them at the start: an execution keeps both, as on AWS. */
  readonly definition: string;
  readonly roleArn: string;
  readonly input: string;
  readonly startMs: number;
  readonly traceHeader?: string;
  /** Task tokens and random numbers come from it. */
  readonly seed: string;
}

/** One line of a journal. */
export type JournalRecord =
  | StartRecord
  | { readonly kind: 'input'; readonly input: Input }
  | { readonly kind: 'event'; readonly event: HistoryEvent }
  /** The bus was told of the execution's status. */
  | { readonly kind: 'announced'; readonly status: string };

/** Where the journal of an execution is: its name may be longer than a file's can be. */
export function journalPath(directory: string, executionArn: string): string {
  const name = createHash('sha256').update(executionArn).digest('hex').slice(0, 32);
  return join(directory, `${name}.jsonl`);
}

/** What a journal says. */
export interface JournalContent {
  readonly start: StartRecord;
  readonly past: Past;
  /** The status that the bus was told of last. */
  readonly announced: string | undefined;
  /** What is wrong with the file, if anything is; then only what stands before that was read. */
  readonly problem: string | undefined;
  /** Goes on with the journal. Until then the file stays as it was found. */
  readonly resume: () => Journal;
}

/** Not even the first line of a journal can be read: nobody knows whose it is. */
export class JournalDamagedError extends Error {
  override readonly name = 'JournalDamagedError';
}

/**
 * Everything that decides what one execution does, in the order in which it came: a file that is only ever
 * appended to, one JSON line per record.
 *
 * A record is with the operating system when `append` returns, so it outlives this process, but not a
 * machine that loses power. Each line's checksum runs on from the line before, so a line that was changed,
 * lost or moved is seen. A last line that is not whole is a write that the crash cut short, and is dropped.
 */
export class Journal {
  readonly path: string;
  #file: number | undefined;
  #checksum: number;
  #isAbandoned = false;

  constructor(path: string, checksum = 0) {
    this.path = path;
    this.#checksum = checksum;
  }

  /** Begins the journal of a new execution. @throws when there is one already */
  static create(path: string, start: StartRecord): Journal {
    const journal = new Journal(path);
    journal.#file = openSync(path, 'ax', 0o600);
    journal.append(start);
    return journal;
  }

  /** Writes a record, and returns when it is written. */
  append(record: JournalRecord): void {
    if (this.#isAbandoned) return;
    this.#file ??= openSync(this.path, 'a', 0o600);
    const text = JSON.stringify(record);
    this.#checksum = crc32(text, this.#checksum);
    writeSync(this.#file, `{"crc":${this.#checksum},"record":${text}}\n`);
  }

  /** Gives the file back. A later record opens it again. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** Writes nothing any more: the file belongs to whoever reads it next. */
  abandon(): void {
    this.#isAbandoned = true;
    this.close();
  }
}

/**
 * Reads the journal of an execution that another process, or another life of it, left behind.
 *
 * @throws JournalDamagedError
 */
export function readJournal(path: string): JournalContent {
  const { records, checksum, wholeBytes, damagedLine } = readRecords(readFileSync(path));
  const [start, ...others] = records;
  if (start?.kind !== 'start')
    throw new JournalDamagedError(`${path}: the record of the start cannot be read`);
  return {
    start,
    past: {
      inputs: others.flatMap((record) => (record.kind === 'input' ? [record.input] : [])),
      events: others.flatMap((record) => (record.kind === 'event' ? [record.event] : [])),
    },
    announced: others.findLast((record) => record.kind === 'announced')?.status,
    problem:
      damagedLine === undefined
        ? undefined
        : `line ${damagedLine} was changed or is not in its place`,
    resume: () => {
      if (damagedLine !== undefined) return setAside(path, records);
      truncateSync(path, wholeBytes);
      return new Journal(path, checksum);
    },
  };
}

/** Begins anew with what could be read; the damaged file stays beside it as it was found. */
function setAside(path: string, records: readonly JournalRecord[]): Journal {
  renameSync(path, `${path}.damaged`);
  const journal = new Journal(path);
  for (const record of records) journal.append(record);
  return journal;
}

const lineForm = /^\{"crc":(?<crc>\d+),"record":(?<text>\{.*\})\}$/s;

function readRecords(bytes: Buffer) {
  const lines = bytes.toString('utf8').split('\n');
  // What follows the last line break is empty, or the beginning of a line.
  const tail = lines.pop() ?? '';
  const records: JournalRecord[] = [];
  let checksum = 0;
  let wholeBytes = 0;
  for (const [index, line] of lines.entries()) {
    const { crc, text = '' } = lineForm.exec(line)?.groups ?? {};
    const expected = crc32(text, checksum);
    if (Number(crc) !== expected) {
      const isLast = index === lines.length - 1 && tail === '';
      return { records, checksum, wholeBytes, damagedLine: isLast ? undefined : index + 1 };
    }
    checksum = expected;
    records.push(parse(text));
    wholeBytes += Buffer.byteLength(line) + 1;
  }
  return { records, checksum, wholeBytes, damagedLine: undefined };
}

/** The checksum has shown that this process, or one like it, wrote the text. */
function parse(text: string): JournalRecord {
  const record = JSON.parse(text) as JournalRecord;
  if (record.kind !== 'event') return record;
  const { event } = record;
  return { ...record, event: { ...event, timestamp: new Date(event.timestamp) } };
}
