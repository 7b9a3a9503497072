/** Font sizes in px. */
export const fontSize = { name: 13, line: 11.5, lane: 10.5, title: 15 } as const;

const narrow = /[ iljtfrI.,:;'|!()·-]/;
const wide = /[mwMW@%]/;

/**
 * How wide a text becomes at most, in px.
 *
 * Nobody knows which sans-serif font a reader has. This is the width in DejaVu Sans, the widest of the
 * usual ones, so that boxes fit in all of them.
 */
export function textWidth(text: string, size: number, isBold = false): number {
  let units = 0;
  for (const letter of text) {
    if (narrow.test(letter)) units += 0.42;
    else if (wide.test(letter)) units += 0.96;
    else units += letter === letter.toUpperCase() && /[A-Z]/.test(letter) ? 0.74 : 0.64;
  }
  return units * size * (isBold ? 1.1 : 1);
}
