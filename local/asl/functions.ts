import { createHash, type Hash } from 'node:crypto';
import jsonata from 'jsonata';
import type { Clock } from '../clock.ts';
import { fraction } from './seed.ts';

/** What the functions that are not pure take their values from. */
export interface FunctionSources {
  readonly clock: Pick<Clock, 'now'>;
  /** A number from 0 (included) to 1 (excluded). */
  readonly random: () => number;
}

/** An error with a code, as JSONata's own functions throw it. */
interface FunctionError {
  readonly code: string;
  readonly message: string;
}

const HASHES = new Map([
  ['MD5', 'md5'],
  ['SHA-1', 'sha1'],
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
]);

const formatMillis = jsonata('$fromMillis(millis, picture, timezone)');

/**
 * The functions that Step Functions adds to JSONata, by name.
 *
 * `$now` and `$millis` follow the clock, `$eval` does not exist in Step Functions (`$parse` reads JSON there).
 * A seeded `$random` repeats itself, but not with the numbers that AWS would return.
 */
export function stepFunctions({ clock, random }: FunctionSources): Record<string, unknown> {
  return {
    partition: (array: unknown[], size: number) => {
      requireThat(
        Array.isArray(array) && isWhole(size) && size > 0,
        'partition',
        'an array and a whole size',
      );
      return Array.from({ length: Math.ceil(array.length / size) }, (_, i) =>
        array.slice(i * size, (i + 1) * size),
      );
    },
    range: (start: number, end: number, step: number) => {
      requireThat(
        [start, end, step].every(isWhole) && step !== 0,
        'range',
        'whole start, end and non-zero step',
      );
      const length = Math.max(0, Math.floor((end - start) / step) + 1);
      requireThat(length <= 1_000_000, 'range', 'at most 1,000,000 numbers');
      return Array.from({ length }, (_, i) => start + i * step);
    },
    hash: (text: string, algorithm: string) => {
      const name = HASHES.get(algorithm);
      if (typeof text !== 'string' || name === undefined) {
        throw invalidArguments('hash', `a string and one of ${[...HASHES.keys()].join(', ')}`);
      }
      return digest(createHash(name), text);
    },
    random: (seed?: number) => (seed === undefined ? random() : fraction(String(seed))),
    uuid: () => uuidFrom(random),
    parse: (text: string) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw invalidArguments('parse', 'a string that is valid JSON');
      }
    },
    millis: () => clock.now().getTime(),
    now: (picture?: string, timezone?: string) => formatNow(clock, picture, timezone),
    eval: undefined,
  };
}

function formatNow(
  clock: Pick<Clock, 'now'>,
  picture?: string,
  timezone?: string,
): Promise<unknown> {
  return formatMillis.evaluate({ millis: clock.now().getTime(), picture, timezone });
}

function digest(hash: Hash, text: string): string {
  return hash.update(text, 'utf8').digest('hex');
}

function uuidFrom(random: () => number): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  hex[12] = '4';
  hex[16] = ((parseInt(hex[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
  const text = hex.join('');
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => text.slice(from, to))
    .join('-');
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function requireThat(holds: boolean, name: string, expected: string): void {
  if (!holds) throw invalidArguments(name, expected);
}

function invalidArguments(name: string, expected: string): Error & FunctionError {
  return Object.assign(new Error(`The arguments of function "${name}" must be ${expected}`), {
    code: 'D3137',
  });
}
