/**
 * Takes the pictures of report and console in this folder: `node docs/images/make-screenshots.ts [report] [console]`.
 *
 * Those of the report come out the same from the recorded runs, with the fonts of the Chromium that is
 * tested with. Those of the console show an embedded cloud with runs of its own: times and ids are
 * others each time.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { writeReport } from '../../audit/report/write-report.ts';
import { synthesize } from '../../local/run/synthesize.ts';
import { readScene, type SceneName } from '../../test/audit/scenes/read-scene.ts';
import { guardPage } from '../../test/browser/support/guard-page.ts';
import { launchChromium } from '../../test/browser/support/launch-chromium.ts';
import { craftBatch, visitRows, visitsText } from '../../test/e2e/support/craft-batch.ts';
import { openConsole } from '../../test/e2e/support/open-console.ts';
import { runBatch, sealed } from '../../test/e2e/support/run-batch.ts';
import { startStudyCloud } from '../../test/e2e/support/study-cloud.ts';
import { executionHash } from '../../workflow/model/names.ts';

const mostBytes = 250_000;
const viewport = { width: 1280, height: 800 };
const margin = 24;

type Scheme = 'light' | 'dark';

async function keep(page: Page, file: string, selector?: string): Promise<void> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const box = selector === undefined ? undefined : await page.locator(selector).boundingBox();
  const clip = box && {
    x: Math.max(0, box.x - margin),
    y: Math.max(0, box.y),
    width: box.width + 2 * margin,
    height: box.height + margin,
  };
  await page.screenshot({ path, ...(clip && { clip, fullPage: true }) });
  const { size } = await stat(path);
  if (size > mostBytes) throw new Error(`${file} has ${size} bytes, more than ${mostBytes}`);
  console.log(`${file} ${size}`);
}

/** Opens a page; one that asks for something elsewhere, or complains, is not taken a picture of. */
async function visit(
  browser: Browser,
  address: string,
  colorScheme: Scheme,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const { page, offences } = await guardPage(browser, address, { viewport, colorScheme });
  await use(page);
  await page.context().close();
  if (offences.length > 0) throw new Error(offences.join('; '));
}

async function takeReport(browser: Browser): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'czar-pictures-'));
  const open = async (name: SceneName, scheme: Scheme, use: (page: Page) => Promise<void>) => {
    const path = join(folder, `${name}.html`);
    await writeFile(path, writeReport(await readScene(name)));
    await visit(browser, pathToFileURL(path).href, scheme, use);
  };
  await open('success', 'light', (page) => keep(page, 'report.png'));
  await open('failed', 'dark', (page) => keep(page, 'report-failed-dark.png'));
  await open('failed', 'light', (page) => keep(page, 'report-timeline.png', '#timeline'));
  await open('success', 'light', (page) => keep(page, 'report-certificate.png', '#evaporation'));
  await rm(folder, { recursive: true });
}

async function takeConsole(browser: Browser): Promise<void> {
  const assembly = await mkdtemp(join(tmpdir(), 'czar-assembly-'));
  await synthesize(assembly);
  const study = await startStudyCloud({ assemblyDirectory: assembly });
  const objects = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => ({
      text: visitsText(visitRows(from + index * 20, from + index * 20 + 20)),
    }));
  const good = await craftBatch(study, objects(0, 12));
  const succeeded = await runBatch(study, good.batchId, { workers: 3 });
  const bad = await craftBatch(study, [
    ...objects(300, 4),
    { text: visitsText(visitRows(400, 420)), fault: 'flipped byte' },
  ]);
  const failed = await runBatch(study, bad.batchId, { workers: 2 });
  const waiting = await craftBatch(study, objects(500, 6));
  await sealed(study.as('operator'), waiting.batchId);
  const site = await openConsole(study);

  const take = (
    file: string,
    path: string,
    scheme: Scheme = 'light',
    prepare: (page: Page) => Promise<unknown> = () => Promise.resolve(),
  ) =>
    visit(browser, site.address, scheme, async (page) => {
      await page.goto(new URL(path, site.address).href);
      await prepare(page);
      await keep(page, file);
    });
  const run = (arn: string) => `/runs/${executionHash(arn)}`;
  await take('console-runs.png', '/runs', 'light', (page) =>
    page.setViewportSize({ ...viewport, height: 400 }),
  );
  await take('console-run.png', run(succeeded.executionArn));
  await take('console-run-failed.png', run(failed.executionArn));
  await take('console-run-table-dark.png', `${run(failed.executionArn)}/table`, 'dark');
  await take('console-evidence.png', `${run(succeeded.executionArn)}/evidence`);
  await take('console-start.png', `/start?batch=${waiting.batchId}`, 'light', async (page) => {
    await page.getByLabel('Pipeline').selectOption('vitals-summary');
    await page.getByLabel('Workers').fill('4');
    await page.getByText(`czar start ${waiting.batchId}`).waitFor();
    await page.setViewportSize({ ...viewport, height: 660 });
  });
  await site.close();
  await study.stop();
  await rm(assembly, { recursive: true });
}

const wanted = process.argv.slice(2);
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);
const browser = await launchChromium();
if (isWanted('report')) await takeReport(browser);
if (isWanted('console')) await takeConsole(browser);
await browser.close();
