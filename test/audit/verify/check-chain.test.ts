import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { chainEvents, chainSeed } from '../../../audit/bundle/event-chain.ts';
import { checkChain } from '../../../audit/verify/check-chain.ts';
import { readScene } from '../scenes/read-scene.ts';

const { evidence } = await readScene('failed');
const { record, events } = evidence;
const run = { study: 'czarhipaa', executionHash: record.execution.hash, redrives: 0 };
const chain = chainEvents(events, run);
const lines = chain.text.trimEnd().split('\n');
const problems = (changed: readonly string[]) =>
  checkChain(changed.map((line) => `${line}\n`).join(''), run).problems;

it('begins with a seed that anybody can compute, and goes on from hash to hash', () => {
  const seed = createHash('sha256')
    .update(`czarhipaa events 1\nczarhipaa\n${run.executionHash}\n0\n`)
    .digest('hex');
  let previous = seed;

  for (const line of lines) {
    const { hash, previous: told } = JSON.parse(line) as { hash: string; previous: string };
    const without = line.replace(/,"hash":"[0-9a-f]{64}"\}$/, '}');
    expect(told).toBe(previous);
    expect(hash).toBe(createHash('sha256').update(without).digest('hex'));
    previous = hash;
  }
  expect(chainSeed(run)).toBe(seed);
  expect([chain.count, chain.head]).toEqual([events.length, previous]);
});

it('follows a chain to its head', () => {
  expect(checkChain(chain.text, run)).toMatchObject({
    count: events.length,
    head: chain.head,
    problems: [],
  });
});

it('is of one execution only, and of one redrive', () => {
  for (const other of [{ study: 'other' }, { executionHash: '000000000000' }, { redrives: 1 }]) {
    expect(checkChain(chain.text, { ...run, ...other }).problems).toEqual([
      'line 1 does not follow the line before: another event stood there',
    ]);
  }
});

describe('names the line and what happened to it, where', () => {
  const at = lines.findIndex((line) => line.includes('"error"'));
  const [line, number] = [lines[at]!, at + 1];

  it.each(Object.keys(JSON.parse(line) as object).filter((field) => field !== 'previous'))(
    'the field "%s" was changed',
    (field) => {
      const fields = JSON.parse(line) as Record<string, unknown>;
      const values: Record<string, unknown> = {
        at: '2026-01-01T00:00:00.000Z',
        type: 'TaskSucceeded',
        error: 'OtherError',
        hash: '0'.repeat(64),
      };
      const value = values[field] ?? Number(fields[field]) + 1;
      const changed = JSON.stringify({ ...fields, [field]: value });

      expect(problems(lines.with(at, changed))).toEqual([
        `line ${number} was changed: its hash is not of what it says`,
      ]);
    },
  );

  it('the hash of the line before was changed', () => {
    const changed = JSON.stringify({ ...(JSON.parse(line) as object), previous: 'f'.repeat(64) });

    expect(problems(lines.with(at, changed))).toEqual([
      `line ${number} was changed: its hash is not of what it says`,
    ]);
  });

  it('a state was renamed', () => {
    const changed = lines[1]!.replace('Validate Request', 'Validate Nothing');

    expect(problems(lines.with(1, changed))).toEqual([
      'line 2 was changed: its hash is not of what it says',
    ]);
  });

  it('a space was added', () => {
    expect(problems(lines.with(4, lines[4]!.replace(',', ', ')))).toEqual([
      'line 5 was changed: its hash is not of what it says',
    ]);
  });

  it.each([
    ['it is no JSON', 'nothing'],
    ['it has a field that no event has', line.replace('{', '{"cause":"x",')],
  ])('%s', (_what, changed) => {
    expect(problems(lines.with(at, changed))).toEqual([`line ${number} is no event of a chain`]);
  });

  it('two events were exchanged', () => {
    const swapped = lines.with(4, lines[5]!).with(5, lines[4]!);

    expect(problems(swapped)).toEqual([
      'line 5 is out of order: it has event 6 where 5 belongs',
      'line 6 is out of order: it has event 5 where 7 belongs',
    ]);
  });

  it.each([0, 5, 20])('event %i and the next one were omitted', (index) => {
    expect(problems(lines.toSpliced(index, 2))).toEqual([
      `line ${index + 1} has event ${index + 3} where ${index + 1} belongs: events are missing before it`,
    ]);
  });

  it('an event was repeated', () => {
    expect(problems(lines.toSpliced(7, 0, lines[6]!))).toEqual(['line 8 repeats event 7']);
  });

  it('an event was added that has a hash of its own', () => {
    const own = chainEvents([{ ...events[6]!, type: 'TaskSucceeded' }], run).text.trimEnd();

    expect(problems(lines.toSpliced(7, 0, own))).toEqual([
      'line 8 was added: there is another event 7',
    ]);
  });

  it('an event was put in the place of another, with a hash of its own', () => {
    const own = chainEvents([{ ...events[6]!, type: 'TaskSucceeded' }], run).text.trimEnd();

    expect(problems(lines.with(6, own))).toEqual([
      'line 7 does not follow the line before: another event stood there',
      'line 8 does not follow the line before: another event stood there',
    ]);
  });

  it('the last line does not end', () => {
    expect(checkChain(chain.text.trimEnd(), run).problems).toContain('the last line does not end');
  });
});

it('leaves it to the number and the head to tell what is missing at the end', () => {
  const { count, head } = checkChain(`${lines.slice(0, -3).join('\n')}\n`, run);

  expect(count).toBe(chain.count - 3);
  expect(head).not.toBe(chain.head);
});

it('tells of an empty chain that it has no event', () => {
  expect(checkChain('', run)).toEqual({ events: [], count: 0, head: chainSeed(run), problems: [] });
});

it('holds closed fields only', () => {
  const allowed = [
    'sequence',
    'follows',
    'at',
    'type',
    'state',
    'iteration',
    'redrive',
    'error',
    'previous',
    'hash',
  ];

  for (const line of lines) {
    expect(allowed).toEqual(expect.arrayContaining(Object.keys(JSON.parse(line) as object)));
  }
});
