import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { countCanaries, countCanariesBelow } from '../../../local/demo/search-canaries.ts';

const canaries = ['Zebedee', 'C. (Quagmire)+', 'x|y\\d'];
/** What a stream of a file reads at once. */
const chunkBytes = 64 * 1024;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'czar-search-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('counts each canary as it is written, whatever its case', () => {
  const text = 'zebedee ZEBEDEE c. (quagmire)+ CX (Quagmire) X|Y\\D x xyd Zebede e';

  expect(countCanaries(text, canaries)).toBe(4);
  expect(countCanaries('', canaries)).toBe(0);
});

it('finds a canary across every border of two chunks, once', async () => {
  const [canary = ''] = canaries;
  const starts = Array.from({ length: canary.length + 2 }, (_, shift) => chunkBytes - shift + 1);
  for (const start of starts) {
    await writeFile(join(folder, String(start)), `${' '.repeat(start)}${canary}${' '.repeat(9)}`);
  }

  const searched = await countCanariesBelow(folder, canaries);

  expect(searched).toEqual({ files: starts.length, found: starts.length });
});

it('searches names of files and folders, too, and bytes that are no text', async () => {
  await mkdir(join(folder, 'of zebedee', 'deep'), { recursive: true });
  const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 0x00]), Buffer.from('ZEBEDEE')]);
  await writeFile(join(folder, 'of zebedee', 'deep', 'zebedee.bin'), bytes);

  expect(await countCanariesBelow(folder, canaries)).toEqual({ files: 1, found: 3 });
});

it.each([[[]], [['Zebedee', '']]])('refuses to search for %j', async (none) => {
  expect(() => countCanaries('text', none)).toThrow(RangeError);
  await expect(countCanariesBelow(folder, none)).rejects.toThrow(RangeError);
});
