import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeReport } from '../../audit/report/write-report.ts';
import { readScene, type SceneName, sceneNames } from '../audit/scenes/read-scene.ts';
import { axeFindings } from './support/axe.ts';
import { useBrowser } from './support/use-browser.ts';

const open = useBrowser();
const wide = { width: 1280, height: 800 };
const narrow = { width: 390, height: 844 };
/** An A4 sheet less its margins, at 96 px an inch. */
const sheet = { width: 688, height: 1016 };

let folder = '';
const address = (name: SceneName): string => pathToFileURL(join(folder, `${name}.html`)).href;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'czar-report-'));
  for (const name of sceneNames) {
    await writeFile(join(folder, `${name}.html`), writeReport(await readScene(name)));
  }
});

afterAll(() => rm(folder, { recursive: true }));

/** Elements of a page, in the page's own language: the types here know no page. */
const all = (selector: string): string => `[...document.querySelectorAll('${selector}')]`;

/** Names of the elements that are wider than what shows them. */
const tooWide = (page: Page, selector: string): Promise<string[]> =>
  page.evaluate<string[]>(
    `${all(selector)}.filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.ariaLabel ?? each.tagName)`,
  );

/** What has the focus, by what a person would call it. */
const focused = (page: Page): Promise<string> =>
  page.evaluate<string>('document.activeElement.ariaLabel ?? document.activeElement.textContent');

/** Each run once, and each way of looking at it for some: what axe-core does takes its time. */
const looks: readonly [SceneName, 'light' | 'dark', typeof wide][] = [
  ['success', 'dark', wide],
  ['refused', 'light', narrow],
  ['failed', 'light', wide],
  ['failed', 'dark', narrow],
  ['aborted', 'dark', narrow],
  ['redriven', 'light', narrow],
  ['forty', 'light', wide],
];

it.each(looks)(
  'has nothing that axe-core finds: %s, %s, %o',
  async (name, colorScheme, viewport) => {
    const page = await open(address(name), { colorScheme, viewport });

    const found = await axeFindings(page);

    expect(found).toEqual([]);
    expect(await tooWide(page, 'html')).toEqual([]);
  },
);

describe.each(sceneNames)('the report of the run "%s", opened from a disk', (name) => {
  it('prints with nothing cut off, light even for whoever reads in the dark', async () => {
    const page = await open(address(name), { colorScheme: 'dark', viewport: sheet });
    await page.emulateMedia({ media: 'print' });

    const cut = await tooWide(page, 'html, .scroll');
    const back = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');

    expect(cut).toEqual([]);
    expect(back).toBe('rgb(255, 255, 255)');
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    const pages = pdf.match(/\/Type \/Page\b/g)?.length ?? 0;
    expect(pages).toBeGreaterThanOrEqual(2);
    expect(pages).toBeLessThanOrEqual(20);
  });

  it('shows no canary, wherever a browser keeps text', async () => {
    const page = await open(address(name));

    const shown = `${await page.content()} ${await page.innerText('body')}`;

    expect(shown).not.toMatch(/zebedee|quagmire/i);
    expect(shown).toContain('Evidence');
  });
});

it('tells whoever listens which object a cell is of, though rows have no scope', async () => {
  const { record } = await readScene('failed');
  const page = await open(address('failed'));
  const table = page.getByRole('table', { name: 'Objects of the batch' });

  const headers = await table.getByRole('rowheader').allInnerTexts();

  expect(headers.filter((each) => each.startsWith('Outcome'))).toHaveLength(2);
  for (const { objectId } of record.objects) expect(headers).toContain(objectId);
});

it('is gone through with the keyboard alone', async () => {
  const page = await open(address('failed'), { viewport: { width: 700, height: 800 } });
  const links = await page.evaluate<string[]>(`${all('a')}.map((link) => link.textContent)`);
  const regions = await page.evaluate<string[]>(`${all('.scroll')}.map((each) => each.ariaLabel)`);

  const reached: string[] = [];
  for (let tab = 0; tab < links.length + regions.length; tab += 1) {
    await page.keyboard.press('Tab');
    reached.push(await focused(page));
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe(
      'solid',
    );
  }

  expect(reached).toEqual([...links, ...regions]);
});

it('goes to a section by Enter, and scrolls a wide table with the arrows', async () => {
  const page = await open(address('failed'), { viewport: { width: 700, height: 800 } });

  await page.getByRole('link', { name: 'Objects' }).focus();
  await page.keyboard.press('Enter');
  const top = await page.evaluate<number>(
    `document.querySelector('#objects').getBoundingClientRect().top`,
  );
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowRight');

  expect(top).toBeCloseTo(0, 0);
  expect(await focused(page)).toBe('Objects of the batch');
  await expect
    .poll(() => page.evaluate<number>('document.activeElement.scrollLeft'))
    .toBeGreaterThan(0);
});

it('says the reason of a failed run in one sentence, in sight at once', async () => {
  const page = await open(address('failed'), { viewport: wide });

  const sentence = page.getByText('PIPELINE_REJECTED (BAD_ROW)').first();

  const { y } = (await sentence.boundingBox()) ?? { y: Infinity };
  expect(y).toBeLessThan(wide.height);
});
