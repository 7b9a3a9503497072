import { expect, it } from 'vitest';
import { LeakSearch } from '../../../audit/questions/leak-search.ts';

const canary = 'Zebedee Quagmire';

async function search(values: readonly unknown[], ...exceptDetectors: string[]) {
  const one = new LeakSearch([canary, 'other']);
  await one.surface('history', values, { exceptDetectors });
  return one;
}

it.each([
  ['a value', { input: { name: canary } }],
  ['a key', { input: { [canary]: 1 } }],
  ['a list in a list', [[['a', canary]]]],
  ['JSON in a string', { input: JSON.stringify({ ticket: JSON.stringify([canary]) }) }],
  ['other case', canary.toUpperCase()],
  ['a URL', `https://x/${encodeURIComponent(canary)}`],
  ['base64', Buffer.from(canary).toString('base64')],
  ['base64 one byte on', Buffer.from(`.${canary}.`).toString('base64')],
  ['base64 two bytes on', Buffer.from(`..${canary}`).toString('base64')],
])('finds a canary in %s', async (_, value) => {
  const { findings } = await search([value]);

  expect(findings).toEqual([{ surface: 'history', detector: 'CANARY-1', count: 1 }]);
});

it('adds up what it finds, and how much it searched', async () => {
  const { findings, searched } = await search([{ a: '219-09-9999' }, 'b', ['219-09-9998', 7]]);

  expect(findings).toEqual([{ surface: 'history', detector: 'SSN', count: 2 }]);
  expect(searched).toEqual([{ surface: 'history', characters: 1 + 11 + 1 + 11 + 1 }]);
});

it('looks for canaries, and for nothing else, where the detectors are kept out', async () => {
  const { findings } = await search([{ by: `${canary} a@b.org` }], 'by');

  expect(findings).toEqual([{ surface: 'history', detector: 'CANARY-1', count: 1 }]);
});

it('calls it an error to have searched nothing', async () => {
  await expect(search([])).rejects.toThrow('there is nothing to search: history is empty');
  await expect(search(['', {}])).rejects.toThrow('history is empty');
});

it('answers nothing of what it found', async () => {
  const { findings, searched } = await search([`${canary} of 219-09-9999`]);

  expect(JSON.stringify([findings, searched])).not.toMatch(/zebedee|219/i);
});
