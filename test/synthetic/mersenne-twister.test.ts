import { describe, expect, it } from 'vitest';
import { MersenneTwister } from '../../synthetic/mersenne-twister.ts';

/** From CPython: random.seed(31415), then random.random(). */
const PYTHON_31415 = [0.5899870529110255, 0.2814307206856481, 0.8839294496616316];
const PYTHON_31415_TEN_THOUSANDTH = 0.23232616902025938;

describe('MersenneTwister', () => {
  it('gives the numbers that Python gives after random.seed(31415)', () => {
    const source = new MersenneTwister(31_415);

    const numbers = [source.random(), source.random(), source.random()];

    expect(numbers).toEqual(PYTHON_31415);
  });

  it('still agrees with Python after the state was renewed several times', () => {
    const source = new MersenneTwister(31_415);

    for (let i = 0; i < 9_999; i++) source.random();

    expect(source.random()).toBe(PYTHON_31415_TEN_THOUSANDTH);
  });

  it('gives other numbers for another key', () => {
    expect(new MersenneTwister(1).random()).not.toBe(new MersenneTwister(2).random());
  });

  it('draws whole numbers from the whole range, both ends included', () => {
    const source = new MersenneTwister(31_415);

    const drawn = new Set(Array.from({ length: 200 }, () => source.randint(3, 5)));

    expect([...drawn].sort()).toEqual([3, 4, 5]);
  });
});
