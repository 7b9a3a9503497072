import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ListeningConsole } from '../../console/listen.ts';
import { executionHash } from '../../workflow/model/names.ts';
import { axeFindings } from '../browser/support/axe.ts';
import { tabTo } from '../browser/support/keyboard.ts';
import { useBrowser } from '../browser/support/use-browser.ts';
import { craftBatch, visitRows, visitsText } from './support/craft-batch.ts';
import { openConsole } from './support/open-console.ts';
import { type BatchEnd, runBatch, sealed } from './support/run-batch.ts';
import { settled } from './support/settle.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';

/** Stand in objects, their names and a ticket, and nowhere in a page. */
const canaries = /zebedee|quagmire/i;
const wide = { width: 1280, height: 900 };

const open = useBrowser();
let study: StudyCloud;
let site: ListeningConsole;
let batchId = '';
let failed: BatchEnd;
const hashes: Record<'succeeded' | 'failed', string> = { succeeded: '', failed: '' };

beforeAll(async () => {
  study = await startStudyCloud();
  const rows = (from: number) => visitsText(visitRows(from, from + 40));
  const crafted = await craftBatch(study, [
    { text: rows(0), name: 'quagmire.csv' },
    { text: rows(40) },
  ]);
  ({ batchId } = crafted);
  await sealed(study.as('operator'), batchId);
  const bad = await craftBatch(study, [
    { text: rows(0), name: 'zebedee.csv' },
    { text: 'Zebedee Quagmire', fault: 'flipped byte' },
  ]);
  site = await openConsole(study);
  failed = await runBatch(study, bad.batchId, { ticket: 'QUAGMIRE-1' });
  hashes.failed = executionHash(failed.executionArn);
});

afterAll(async () => {
  await site.close();
  await study.stop();
});

/** Opens a page of the console, let in by the address that it prints. */
async function enter(path: string, options: Parameters<typeof open>[1] = {}): Promise<Page> {
  const page = await open(site.address, { viewport: wide, ...options });
  if (path !== '/runs') await page.goto(new URL(path, site.address).href);
  return page;
}

/** Pages of one kind that are looked into: those of runs, of batches, of questions. */
const mostOfKind = 4;
const minted = /[0-9a-f]{12}|\b[bcdfghjklmnpqrstvwxz]{9,}\b/g;

/** Dark differs in nothing but colours. */
async function axeFindingsInBoth(page: Page): Promise<string[]> {
  const light = await axeFindings(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await axeFindings(page, ['color-contrast']);
  await page.emulateMedia({ colorScheme: 'light' });
  return [...light, ...dark].map((finding) => `${page.url()}: ${finding}`);
}

/** What a page asks of its elements, in the page's own language: the types here know no page. */
const list = <T>(page: Page, selector: string, of: string): Promise<T[]> =>
  page.evaluate<T[]>(`[...document.querySelectorAll('${selector}')].map((each) => ${of})`);

it('starts a run by the keyboard alone, and shows it live to its end', async () => {
  const page = await enter('/runs');
  await tabTo(page, 'Start a run');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/start');
  await tabTo(page, 'Batch');
  await page.keyboard.type(batchId);
  await tabTo(page, 'Pipeline');
  await page.keyboard.type('vitals-summary');
  await tabTo(page, 'Workers');
  await page.keyboard.type('2');
  await tabTo(page, 'Start the run');

  await page.keyboard.press('Enter');

  await page.waitForURL(/\/runs\/[0-9a-f]{12}$/);
  hashes.succeeded = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  await page.evaluate('globalThis.isSamePage = true');
  await page.locator('#live[data-state=well]').waitFor();
  await page.locator('#run-body [data-state=Workers][data-outcome=running]').waitFor();
  await page.locator('[data-run][data-status=SUCCEEDED]').waitFor({ timeout: 90_000 });
  await page.locator('#live[data-state=ended]').waitFor();
  expect(await page.evaluate('globalThis.isSamePage')).toBe(true);
  expect(
    await list(page, '#run-body [data-state="Batch Succeeded"]', 'each.dataset.outcome'),
  ).toEqual(['succeeded']);
});

it('tells the reason of a failed run in one sentence, and leads to the object', async () => {
  const page = await enter('/runs');
  await tabTo(page, hashes.failed);
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/runs/${hashes.failed}`);

  const reason = await page.locator('#reason').innerText();
  await page.getByRole('link', { name: 'Which objects' }).press('Enter');
  await page.waitForURL(/\/batches\//);

  expect(reason).toMatch(/^[^.]+ failed: [^.]+ \(ObjectsFailedError\)\. Which objects$/);
  const { objectId } = failed.objects.find(({ state }) => state === 'FAILED')!;
  const row = await page.getByRole('row', { name: objectId }).innerText();
  expect(row).toContain('CORRUPT');
});

describe.each(['succeeded', 'failed'] as const)('of the run that %s', (name) => {
  it('graph, table and events say the same', async () => {
    const page = await enter(`/runs/${hashes[name]}`);
    const drawn = await list<[string, string, string]>(
      page,
      '[data-state][data-outcome]',
      '[each.dataset.state, each.dataset.outcome, each.dataset.retries]',
    );
    const lanes = await list(
      page,
      '[data-worker]',
      '[each.dataset.outcome, Number(each.dataset.attempts)]',
    );
    await page.getByRole('link', { name: 'Table view' }).press('Enter');
    await page.waitForURL('**/table');
    const rows = await list<[string, string, string]>(
      page,
      'tbody[data-state] tr',
      '[each.parentNode.dataset.state, each.dataset.outcome, each.children[each.children.length - 2].textContent]',
    );
    await page.getByRole('link', { name: 'Events' }).press('Enter');
    await page.waitForURL('**/events');
    const events = await list<[string, string]>(
      page,
      '[data-event]',
      '[each.dataset.type, each.dataset.state]',
    );

    const gravest = ['running', 'failed', 'aborted', 'caught', 'succeeded', 'not entered'];
    const inTable = [...Map.groupBy(rows, ([state]) => state)].map(([state, own]) => {
      const outcome = gravest.find((word) => own.some(([, each]) => each === word));
      const retries = own.reduce((sum, [, , each]) => sum + (Number(each) || 0), 0);
      return [state, outcome, String(retries)];
    });
    expect(drawn.toSorted()).toEqual(inTable.toSorted());
    expect(lanes).toHaveLength(2);
    const entered = events
      .filter(([type]) => type.endsWith('StateEntered'))
      .map(([, state]) => state);
    expect(entered.toSorted()).toEqual(
      rows
        .filter(([, outcome]) => outcome !== 'not entered')
        .map(([state]) => state)
        .toSorted(),
    );
    const ends = events.map(([type]) => type).filter((type) => type.startsWith('Execution'));
    expect(ends).toEqual([
      'ExecutionStarted',
      name === 'succeeded' ? 'ExecutionSucceeded' : 'ExecutionFailed',
    ]);
  });

  it('the evidence tells that nothing is left', async () => {
    const page = await enter(`/runs/${hashes[name]}/evidence`);

    const text = await page.locator('#run-body').innerText();

    expect(text).toMatch(/Absence:\s+proven/);
    expect(text).toContain('What remains, and why');
  });
});

it(
  'has no canary in any page, and none in which axe-core finds anything, light or dark',
  { timeout: 240_000 },
  async () => {
    await settled(study);
    const page = await enter('/runs');
    const met = new Set(['/runs']);
    const seen = new Map<string, number>();
    const found: string[] = [];

    for (const path of met) {
      const kind = path.replaceAll(minted, '*').replace(/\?.*/, '');
      const before = seen.get(kind) ?? 0;
      if (before === mostOfKind) continue;
      seen.set(kind, before + 1);
      if (kind === '/runs/*/bundle') {
        const bundle = await page.request.get(new URL(path, site.address).href);
        expect(bundle.headers()['content-type']).toBe('application/zip');
        if (canaries.test(String(await bundle.body()))) found.push(`${path}: a canary`);
        continue;
      }
      await page.goto(new URL(path, site.address).href);
      const shown = `${await page.content()} ${await page.innerText('body')}`;
      if (canaries.test(shown)) found.push(`${path}: a canary`);
      if (before === 0) found.push(...(await axeFindingsInBoth(page)));
      const links = await list<string>(page, 'a[href]', 'each.href.baseVal ?? each.href');
      for (const { origin, pathname, search } of links.map((link) => new URL(link, site.address))) {
        if (origin === new URL(site.address).origin) met.add(pathname + search);
      }
    }

    expect(found).toEqual([]);
    expect([...seen.keys()]).toEqual(
      expect.arrayContaining([
        '/runs',
        '/runs/*',
        '/runs/*/table',
        '/runs/*/events',
        '/runs/*/evidence',
        '/runs/*/bundle',
        '/batches',
        '/batches/*',
        '/start',
        '/mails',
        '/sensors',
        '/questions',
      ]),
    );
  },
);

it('can be read with JavaScript off', async () => {
  const page = await enter('/runs', { javaScriptEnabled: false });

  await page.getByRole('link', { name: hashes.failed }).click();

  expect(await page.locator('#reason').innerText()).toContain('ObjectsFailedError');
  expect(await page.locator('[data-state="Batch Failed"]').count()).toBe(1);
  await page.getByRole('link', { name: 'Table view' }).click();
  expect(await page.locator('[data-visit]').count()).toBeGreaterThan(10);
});

it('stays readable on a narrow screen', async () => {
  const page = await enter(`/runs/${hashes.failed}`, { viewport: { width: 390, height: 844 } });

  for (const view of ['', '/table', '/events', '/evidence']) {
    await page.goto(new URL(`/runs/${hashes.failed}${view}`, site.address).href);
    const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(wider, view).toBeLessThanOrEqual(0);
  }
});

it.each([
  { who: 'without the token', path: '/runs', headers: {}, status: 401 },
  { who: 'with another token', path: '/runs?token=guessed', headers: {}, status: 403 },
  { who: 'for another host', path: '/runs', headers: { host: 'rebound.example' }, status: 403 },
])('tells nothing to whoever asks $who', async ({ path, headers, status }) => {
  const [answer] = (await once(get(new URL(path, site.address), { headers }), 'response')) as [
    IncomingMessage,
  ];
  const body = (await answer.toArray()).join('');

  expect(answer.statusCode).toBe(status);
  expect(body).not.toContain(hashes.failed);
  expect(body).not.toContain(batchId);
});
