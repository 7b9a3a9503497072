import { describe, expect, it } from 'vitest';
import { createTurns } from '../../worker/turns.ts';

/** A work that tells when it begins, and ends when it is told. */
function work(name: string, begun: string[]) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const run = (): Promise<string> => {
    begun.push(name);
    return promise;
  };
  return { run, end: () => resolve(name) };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  it('let works go on together', async () => {
    const begun: string[] = [];
    const turns = createTurns();
    const [a, b] = [work('a', begun), work('b', begun)];

    const ends = [turns.together(a.run), turns.together(b.run)];
    await settled();

    expect(begun).toEqual(['a', 'b']);
    b.end();
    a.end();
    expect(await Promise.all(ends)).toEqual(['a', 'b']);
  });

  it('let one work alone when the others have ended, and nobody begins before it has', async () => {
    const begun: string[] = [];
    const turns = createTurns();
    const [a, alone, late] = [work('a', begun), work('alone', begun), work('late', begun)];
    const ends = [turns.together(a.run), turns.alone(alone.run), turns.together(late.run)];

    await settled();
    expect(begun).toEqual(['a']);
    a.end();
    await settled();
    expect(begun).toEqual(['a', 'alone']);
    alone.end();
    await settled();
    expect(begun).toEqual(['a', 'alone', 'late']);
    late.end();
    await Promise.all(ends);
  });

  it('let two work alone one after the other', async () => {
    const begun: string[] = [];
    const turns = createTurns();
    const [a, b] = [work('a', begun), work('b', begun)];
    const ends = [turns.alone(a.run), turns.alone(b.run)];

    await settled();
    expect(begun).toEqual(['a']);
    a.end();
    b.end();
    expect(await Promise.all(ends)).toEqual(['a', 'b']);
  });

  it('go on after a work that failed', async () => {
    const turns = createTurns();
    const failed = turns.alone(() => Promise.reject(new Error('no')));

    await expect(failed).rejects.toThrow('no');
    expect(await turns.together(() => Promise.resolve('yes'))).toBe('yes');
  });
});
