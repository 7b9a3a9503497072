/** Surrogates stand for characters above U+FFFF, so they sort behind all other code units. */
function rank(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}

/** Compares keys as S3 lists them: by their UTF-8 bytes, which JavaScript's own order is not. */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const difference = rank(left.charCodeAt(index)) - rank(right.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** The index of the first of `sorted` for which `isBehind` holds, as it must for all that follow. */
export function firstIndex(sorted: readonly string[], isBehind: (key: string) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBehind(sorted[middle] ?? '')) high = middle;
    else low = middle + 1;
  }
  return low;
}
