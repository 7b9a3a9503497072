import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  BatchId,
  batchIdLength,
  codeAlphabet,
  isCode,
  mintCode,
  ObjectId,
  objectIdLength,
  Study,
} from '../../../workflow/model/code.ts';
import { detectNames } from '../../../workflow/model/name-detector.ts';

/** Bytes that look random and are the same in every run. */
function seededBytes(seed: string): () => number {
  let block = createHash('sha256').update(seed).digest();
  let at = 0;
  return () => {
    if (at === block.length) {
      block = createHash('sha256').update(block).digest();
      at = 0;
    }
    const byte = block.readUInt8(at);
    at += 1;
    return byte;
  };
}

const codes = [batchIdLength, objectIdLength].flatMap((length) =>
  Array.from({ length: 50 }, (_, seed) => mintCode(length, seededBytes(`${length}-${seed}`))),
);

function replaced(text: string, position: number, letter: string): string {
  return text.slice(0, position) + letter + text.slice(position + 1);
}

function swapped(text: string, position: number): string {
  const [one = '', two = ''] = text.slice(position, position + 2);
  return replaced(replaced(text, position, two), position + 1, one);
}

describe('minted codes', () => {
  it('are made of nineteen consonants that spell neither a word nor a number', () => {
    expect(codeAlphabet).toMatch(/^[bcdfghjkmnpqrstvwxz]{19}$/);
    expect(new Set(codeAlphabet).size).toBe(19);
    expect(codes.every((code) => /^[bcdfghjkmnpqrstvwxz]+$/.test(code))).toBe(true);
  });

  it('pass their own check and the name gate', () => {
    expect(codes.filter((code) => !isCode(code))).toEqual([]);
    expect(codes.filter((code) => detectNames(code).length > 0)).toEqual([]);
  });

  it('find every wrong letter', () => {
    const missed = codes.flatMap((code) =>
      Array.from(code).flatMap((letter, position) =>
        Array.from(codeAlphabet)
          .filter((other) => other !== letter && isCode(replaced(code, position, other)))
          .map((other) => `${code} ${position} ${other}`),
      ),
    );

    expect(missed).toEqual([]);
  });

  it('find every swap of two different neighbours, the check letter among them', () => {
    const missed = codes.flatMap((code) =>
      Array.from({ length: code.length - 1 }, (_, position) => swapped(code, position)).filter(
        (other) => other !== code && isCode(other),
      ),
    );

    expect(missed).toEqual([]);
  });

  it('find a letter that is missing or too many, in length if not in the check', () => {
    const [code = ''] = codes;

    expect(BatchId.safeParse(code.slice(1)).success).toBe(false);
    expect(BatchId.safeParse(`${code}b`).success).toBe(false);
  });

  it('favour no letter, because bytes past the last multiple of nineteen are drawn again', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte);
    let drawn = 0;
    const code = mintCode(248, () => bytes[drawn++]!);
    const counts = Map.groupBy(code.slice(0, -1), (letter) => letter);

    expect(drawn).toBe(247);
    expect([...counts.values()].map(({ length }) => length)).toEqual(Array(19).fill(13));
    expect(mintCode(2, () => [255, 247, 0][drawn++ % 3]!)).toHaveLength(2);
  });

  it.each(['', 'b', 'BCDFGHJKW', 'bcdfghjka', 'bcdfghjk1', 'bcdfghjk '])('are not %j', (text) => {
    expect(isCode(text)).toBe(false);
  });

  it('are told apart by length: a batch id is no object id', () => {
    const object = mintCode(objectIdLength, seededBytes('x'));

    expect(ObjectId.safeParse(object).success).toBe(true);
    expect(BatchId.safeParse(object).success).toBe(false);
  });

  it('are refused without repeating what was typed', () => {
    const { error } = BatchId.safeParse('johndoe19');

    expect(error?.message).toContain('batch id must be a minted code');
    expect(error?.message).not.toContain('john');
  });
});

describe('a study', () => {
  it.each(['czarhipaa', 'abc', 'study2'])('may be called %s', (name) => {
    expect(Study.safeParse(name).success).toBe(true);
  });

  it.each(['ab', 'Czar', '2study', 'my-study', 'a'.repeat(21), 'a/b'])(
    'may not be called %s',
    (name) => {
      expect(Study.safeParse(name).success).toBe(false);
    },
  );
});
