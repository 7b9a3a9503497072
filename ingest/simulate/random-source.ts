import { createHash } from 'node:crypto';
import { MersenneTwister } from '../../synthetic/mersenne-twister.ts';

/** Numbers that look random and follow from a seed. */
export class RandomSource {
  readonly #twister: MersenneTwister;

  /** Each `purpose` has numbers of its own, so that more faults do not change what a device measures. */
  constructor(seed: number, purpose: string) {
    const key = createHash('sha256').update(`${seed} ${purpose}`).digest().readUInt32BE();
    this.#twister = new MersenneTwister(key);
  }

  /** Whether something of this probability happens. */
  happens(probability: number): boolean {
    return this.#twister.random() < probability;
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return this.#twister.randint(low, high);
  }

  /** A number between `low` and `high`. */
  between(low: number, high: number): number {
    return this.#twister.uniform(low, high);
  }

  byte(): number {
    return this.#twister.nextUint32() >>> 24;
  }
}
