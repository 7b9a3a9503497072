import { EvidenceError } from '../evidence-error.ts';
import { canaryCounter } from './canary-search.ts';
import { detect, type DetectorCode } from './detectors.ts';

/** What was found on one surface: how often, and by what; never the text. */
export interface LeakFinding {
  readonly surface: string;
  /** A detector's code, or `CANARY-1` for the first canary, and so on. */
  readonly detector: DetectorCode | `CANARY-${number}`;
  readonly count: number;
}

/** One surface that was searched. */
export interface SearchedSurface {
  readonly surface: string;
  readonly characters: number;
}

/** Says where in a value the detectors need not look; canaries are looked for everywhere. */
export interface SearchOptions {
  /** Fields at the top of a value. */
  readonly exceptDetectors?: readonly string[];
}

/**
 * Searches surfaces for canaries and for what looks like PHI, value by value.
 *
 * Every string and every key of a value is searched as it is, however deep; a string that is JSON
 * itself is searched as text. Memory grows with surfaces and detectors only.
 */
export class LeakSearch {
  readonly #canaries: readonly (readonly [LeakFinding['detector'], (text: string) => number])[];
  readonly #characters = new Map<string, number>();
  readonly #found = new Map<string, LeakFinding>();

  constructor(canaries: readonly string[]) {
    this.#canaries = canaries.map((canary, index) => [
      `CANARY-${index + 1}` as const,
      canaryCounter(canary),
    ]);
  }

  /** What was searched, in order. */
  get searched(): SearchedSurface[] {
    return [...this.#characters].map(([surface, characters]) => ({ surface, characters }));
  }

  get findings(): LeakFinding[] {
    return [...this.#found.values()];
  }

  /** Searches all values of a surface. @throws EvidenceError where there is nothing to search. */
  async surface(
    surface: string,
    values: AsyncIterable<unknown> | Iterable<unknown>,
    { exceptDetectors = [] }: SearchOptions = {},
  ): Promise<void> {
    for await (const value of values) this.#value(surface, value, exceptDetectors);
    if ((this.#characters.get(surface) ?? 0) === 0) {
      throw new EvidenceError(`there is nothing to search: ${surface} is empty`);
    }
  }

  #value(surface: string, value: unknown, except: readonly string[]): void {
    for (const [field, part] of isRecord(value) ? Object.entries(value) : [['', value] as const]) {
      const isDetected = !except.includes(field);
      for (const text of [field, ...textsOf(part)]) this.#text(surface, text, isDetected);
    }
  }

  #text(surface: string, text: string, isDetected: boolean): void {
    this.#characters.set(surface, (this.#characters.get(surface) ?? 0) + text.length);
    for (const [code, count] of this.#canaries) this.#note(surface, code, count(text));
    if (!isDetected) return;
    for (const [code, count] of detect(text)) this.#note(surface, code, count);
  }

  #note(surface: string, detector: LeakFinding['detector'], count: number): void {
    if (count === 0) return;
    const key = `${surface} ${detector}`;
    const before = this.#found.get(key)?.count ?? 0;
    this.#found.set(key, { surface, detector, count: before + count });
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** Every string, number and key within a value. */
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'number' || typeof value === 'bigint') yield String(value);
  else if (Array.isArray(value)) for (const one of value) yield* textsOf(one);
  else if (isRecord(value)) {
    for (const [key, part] of Object.entries(value)) {
      yield key;
      yield* textsOf(part);
    }
  }
}
