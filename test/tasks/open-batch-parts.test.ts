import { setImmediate, setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { forEachBounded } from '../../runtime/for-each-bounded.ts';
import { mergeJoin } from '../../runtime/merge-join.ts';

async function* items(...objectIds: string[]): AsyncGenerator<{ objectId: string }, void> {
  for (const objectId of objectIds) {
    await setImmediate();
    yield { objectId };
  }
}

const joined = (left: string[], right: string[]) =>
  Array.fromAsync(mergeJoin(items(...left), items(...right)), (pair) => [
    pair.left?.objectId,
    pair.right?.objectId,
  ]);

describe('mergeJoin', () => {
  it.each<[string, string[], string[], (string | undefined)[][]]>([
    [
      'two that are the same',
      ['b', 'c'],
      ['b', 'c'],
      [
        ['b', 'b'],
        ['c', 'c'],
      ],
    ],
    ['an empty left', [], ['b'], [[undefined, 'b']]],
    ['an empty right', ['b'], [], [['b', undefined]]],
    ['both empty', [], [], []],
    [
      'what only one of them has',
      ['b', 'd', 'f'],
      ['c', 'd', 'g', 'h'],
      [
        ['b', undefined],
        [undefined, 'c'],
        ['d', 'd'],
        ['f', undefined],
        [undefined, 'g'],
        [undefined, 'h'],
      ],
    ],
  ])('joins %s', async (_, left, right, pairs) => {
    expect(await joined(left, right)).toEqual(pairs);
  });

  it('ends both streams when its reader stops', async () => {
    const ended: string[] = [];
    async function* watched(name: string) {
      try {
        yield* items('b', 'c', 'd');
      } finally {
        ended.push(name);
      }
    }

    for await (const pair of mergeJoin(watched('left'), watched('right'))) {
      expect(pair.left).toEqual({ objectId: 'b' });
      break;
    }

    expect(ended.sort()).toEqual(['left', 'right']);
  });
});

describe('forEachBounded', () => {
  it('does all of the work, never more at once than it may', async () => {
    let running = 0;
    let most = 0;
    const done: string[] = [];

    await forEachBounded(items('a', 'b', 'c', 'd', 'e', 'f', 'g'), 3, async ({ objectId }) => {
      most = Math.max(most, (running += 1));
      await setTimeout(5);
      running -= 1;
      done.push(objectId);
    });

    expect(done.sort().join('')).toBe('abcdefg');
    expect(most).toBe(3);
  });

  it('stops at the first failure, after what had begun has ended', async () => {
    const begun: string[] = [];
    let ended = 0;

    const work = forEachBounded(items('a', 'b', 'c', 'd', 'e', 'f'), 2, async ({ objectId }) => {
      begun.push(objectId);
      await setImmediate();
      ended += 1;
      if (objectId === 'b') throw new Error('broken');
    });

    await expect(work).rejects.toThrow('broken');
    expect(begun.length).toBeLessThan(6);
    expect(ended).toBe(begun.length);
  });
});
