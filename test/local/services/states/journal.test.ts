import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  Journal,
  JournalDamagedError,
  readJournal,
  type JournalRecord,
  type StartRecord,
} from '../../../../local/services/states/journal.ts';

let directory: string;
let path: string;

const start: StartRecord = {
  kind: 'start',
  format: 1,
  ordinal: 0,
  executionArn: 'arn:aws:states:us-east-1:111122223333:execution:batch:run',
  name: 'run',
  stateMachineArn: 'arn:aws:states:us-east-1:111122223333:stateMachine:batch',
  definition: '{}',
  roleArn: 'arn:aws:iam::111122223333:role/machine',
  input: '{}',
  startMs: 1_767_225_600_000,
  seed: 'a seed',
};
const input = (operation: number): JournalRecord => ({
  kind: 'input',
  input: { kind: 'fired', operation, atMs: 1_767_225_600_000 + operation },
});
const event = { id: 1, previousEventId: 0, timestamp: new Date(1_767_225_600_000), type: 'Told' };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(directory, 'one.jsonl');
  const journal = Journal.create(path, start);
  const told: JournalRecord = { kind: 'event', event };
  for (const record of [told, input(1), input(2), input(3)]) journal.append(record);
  journal.close();
});

afterEach(() => rmSync(directory, { recursive: true }));

const operations = () =>
  readJournal(path).past.inputs.map((one) => 'operation' in one && one.operation);

/** Changes one byte of the n-th line from 1, or from the end where n is negative. */
function flip(n: number, at: number): void {
  const lines = readFileSync(path, 'latin1').trimEnd().split('\n');
  const index = n < 0 ? lines.length + n : n - 1;
  const line = lines[index]!;
  const changed = String.fromCharCode(line.charCodeAt(at) ^ 1);
  lines[index] = line.slice(0, at) + changed + line.slice(at + 1);
  writeFileSync(path, `${lines.join('\n')}\n`, 'latin1');
}

describe('a journal', () => {
  it('gives back what was written, in order', () => {
    const content = readJournal(path);

    expect(content).toMatchObject({ start, problem: undefined, announced: undefined });
    expect(content.past.events).toEqual([event]);
    expect(operations()).toEqual([1, 2, 3]);
  });

  it('is for nobody else to read', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is not begun twice', () => {
    expect(() => Journal.create(path, start)).toThrow('EEXIST');
  });

  it('goes on where it ended', () => {
    const journal = readJournal(path).resume();
    journal.append(input(4));
    journal.close();
    journal.append(input(5));

    expect(operations()).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes nothing from a life that is over', () => {
    const journal = readJournal(path).resume();
    journal.abandon();
    journal.append(input(4));

    expect(operations()).toEqual([1, 2, 3]);
  });
});

describe('a last line that is not whole', () => {
  it.each([
    ['cut short', () => writeFileSync(path, readFileSync(path).subarray(0, -7))],
    ['without its line break', () => writeFileSync(path, readFileSync(path).subarray(0, -1))],
    ['changed', () => flip(-1, 40)],
  ])('is dropped when it was %s, and the journal goes on before it', (_how, spoil) => {
    spoil();

    const content = readJournal(path);
    content.resume().append(input(9));

    expect(content.problem).toBeUndefined();
    expect(operations()).toEqual([1, 2, 9]);
  });

  it('is dropped after whole ones', () => {
    appendFileSync(path, '{"crc":1,"rec');

    expect(operations()).toEqual([1, 2, 3]);
    expect(readJournal(path).problem).toBeUndefined();
  });
});

describe('damage in the middle', () => {
  it('is found at whichever byte it is', () => {
    const whole = readFileSync(path);
    const length = readFileSync(path, 'latin1').split('\n')[2]!.length;

    for (let at = 0; at < length; at++) {
      writeFileSync(path, whole);
      flip(3, at);
      expect(readJournal(path).problem, `byte ${at}`).toBe(
        'line 3 was changed or is not in its place',
      );
    }
  });

  it.each([
    ['is lost', (lines: string[]) => lines.toSpliced(2, 1)],
    [
      'changed its place',
      (lines: string[]) => [...lines.slice(0, 2), lines[3]!, lines[2]!, lines[4]!],
    ],
    ['is there twice', (lines: string[]) => [...lines.slice(0, 3), ...lines.slice(2)]],
  ])('is found when a line %s', (_how, spoil) => {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    writeFileSync(path, `${spoil(lines).join('\n')}\n`);

    expect(readJournal(path).problem).toMatch(/^line [34] was changed/);
  });

  it('leaves the damaged file beside the one that goes on', () => {
    flip(3, 20);
    const damaged = readFileSync(path);

    readJournal(path).resume().append(input(9));

    expect(readFileSync(`${path}.damaged`)).toEqual(damaged);
    expect(operations()).toEqual([9]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is an error when it hides whose journal this is', () => {
    flip(1, 20);

    expect(() => readJournal(path)).toThrow(JournalDamagedError);
  });
});
