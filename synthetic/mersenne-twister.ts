const STATE_WORDS = 624;
const MIDDLE_WORD = 397;

/**
 * The Mersenne Twister MT19937, seeded with one 32-bit key as Python's `random.seed(key)` does.
 *
 * Python seeds through `init_by_array` even where the key is a single word, so a generator seeded
 * with `init_genrand` gives other numbers. Not for secrets: the state follows from 624 outputs.
 *
 * @see Matsumoto and Nishimura, "Mersenne Twister" (1998), and their mt19937ar.c
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(STATE_WORDS);
  #next = STATE_WORDS;

  constructor(key: number) {
    this.#seed(19_650_218);
    this.#mixIn(key >>> 0);
  }

  /** The next output, an unsigned 32-bit integer. */
  nextUint32(): number {
    if (this.#next === STATE_WORDS) this.#twist();
    let word = this.#word(this.#next++);
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /** A number in [0, 1) with 53 random bits: Python's `random()`. */
  random(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 67_108_864 + low) / 9_007_199_254_740_992;
  }

  /** A whole number from `low` to `high`, both included: the `randint` of Python 2.7, which Python 3 changed. */
  randint(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  /** A number between `low` and `high`: Python's `uniform`. */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.random();
  }

  #word(index: number): number {
    return this.#state[index] ?? 0;
  }

  #seed(seed: number): void {
    this.#state[0] = seed;
    for (let i = 1; i < STATE_WORDS; i++) {
      this.#state[i] = Math.imul(1_812_433_253, this.#previousMixed(i)) + i;
    }
  }

  #mixIn(key: number): void {
    let i = 1;
    const advance = (): void => {
      i += 1;
      if (i < STATE_WORDS) return;
      this.#state[0] = this.#word(STATE_WORDS - 1);
      i = 1;
    };
    for (let round = 0; round < STATE_WORDS; round++) {
      this.#state[i] = (this.#word(i) ^ Math.imul(this.#previousMixed(i), 1_664_525)) + key;
      advance();
    }
    for (let round = 1; round < STATE_WORDS; round++) {
      this.#state[i] = (this.#word(i) ^ Math.imul(this.#previousMixed(i), 1_566_083_941)) - i;
      advance();
    }
    this.#state[0] = 0x80000000;
  }

  #previousMixed(index: number): number {
    const previous = this.#word(index - 1);
    return previous ^ (previous >>> 30);
  }

  #twist(): void {
    for (let i = 0; i < STATE_WORDS; i++) {
      const joined =
        (this.#word(i) & 0x80000000) | (this.#word((i + 1) % STATE_WORDS) & 0x7fffffff);
      const twisted = (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
      this.#state[i] = this.#word((i + MIDDLE_WORD) % STATE_WORDS) ^ twisted;
    }
    this.#next = 0;
  }
}
