const anyCharacters = Symbol('*');
const oneCharacter = Symbol('?');

/**
 * A policy string taken apart: plain characters, and wildcards that are no characters.
 *
 * Kept apart so that a `*` that came out of a variable (a tag's value, an object key) is never read
 * as a wildcard.
 */
export type Glob = readonly (string | symbol)[];

/** Policy texts, each taken apart once: every statement is asked at every call. */
const globs = new Map<string, Glob>();
/** Policies come and go; what is forgotten is taken apart again. */
const mostGlobs = 10_000;

/** Reads policy text: `*` stands for any characters, `?` for exactly one. */
export function globOf(text: string): Glob {
  const known = globs.get(text);
  if (known !== undefined) return known;
  const glob = Array.from(text, (character) => {
    if (character === '*') return anyCharacters;
    return character === '?' ? oneCharacter : character;
  });
  if (globs.size >= mostGlobs) globs.clear();
  globs.set(text, glob);
  return glob;
}

/** Reads text that stands for itself, wildcards included. */
export function literalGlob(text: string): Glob {
  return Array.from(text);
}

/**
 * The text of a glob for operators that know no wildcards, where `*` and `?` are ordinary
 * characters.
 */
export function globText(glob: Glob): string {
  return glob
    .map((token) => (typeof token === 'string' ? token : (token.description ?? '')))
    .join('');
}

/**
 * Whether the whole of `value` fits the glob.
 *
 * Walks both once and returns only to the latest `*`, so that no policy and no object key can make
 * it slow.
 */
export function matchesGlob(glob: Glob, value: string): boolean {
  const characters = Array.from(value);
  let at = 0;
  let position = 0;
  let star = -1;
  let starPosition = 0;
  while (position < characters.length) {
    const token = glob[at];
    if (token === anyCharacters) {
      star = at;
      starPosition = position;
      at += 1;
    } else if (token === oneCharacter || token === characters[position]) {
      at += 1;
      position += 1;
    } else if (star >= 0) {
      starPosition += 1;
      position = starPosition;
      at = star + 1;
    } else {
      return false;
    }
  }
  return glob.slice(at).every((token) => token === anyCharacters);
}
