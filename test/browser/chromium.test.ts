import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { guardPage } from './support/guard-page.ts';
import { launchChromium } from './support/launch-chromium.ts';
import { unpackChromium } from './support/unpack-chromium.ts';

/** What Node itself needs is on any machine that runs these tests. */
const libraryOfNode =
  /^\/(?:usr\/)?lib\S*\/(?:ld-linux-x86-64|lib(?:c|m|dl|rt|pthread|resolv|nss_\w+|gcc_s))\.so\.\d$/;

/** Each process whose command line has a text, by its id. */
async function processesWith(text: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    ids.map(
      async (id) => [id, await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')] as const,
    ),
  );
  return lines.filter(([, line]) => line.includes(text)).map(([id]) => id);
}

it('brings every library that a machine with Node lacks', async () => {
  const { executable } = await unpackChromium();
  const browser = await launchChromium();
  const page = await browser.newPage();
  await page.setContent('<h1>Evidence</h1>');
  await page.pdf();

  const maps = await Promise.all(
    (await processesWith(executable)).map((id) =>
      readFile(`/proc/${id}/maps`, 'utf8').catch(() => ''),
    ),
  );

  await browser.close();
  const loaded = [...new Set(maps.join('\n').match(/\/\S*\.so[.\d]*$/gm))];
  const own = await realpath(dirname(executable));
  expect(loaded.filter((path) => path.startsWith(own)).length).toBeGreaterThan(4);
  expect(loaded.filter((path) => !path.startsWith(own) && !libraryOfNode.test(path))).toEqual([]);
});

it('is one folder however many ask for it at once', async () => {
  const all = await Promise.all([1, 2, 3].map(() => unpackChromium()));

  expect(new Set(all.map(({ executable }) => executable)).size).toBe(1);
});

it('ends with the process that started it, even one that is killed', async () => {
  const mark = `--czar-test=${crypto.randomUUID()}`;
  const launch = new URL('support/launch-chromium.ts', import.meta.url).href;
  const script = `const { launchChromium } = await import('${launch}'); await launchChromium('${mark}'); console.log('up'); setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(parent.stdout, 'data');
  expect((await processesWith(mark)).length).toBeGreaterThan(1);

  parent.kill('SIGKILL');

  await expect.poll(() => processesWith(mark), { timeout: 10_000 }).toEqual([]);
});

it('lets a page reach nothing but itself, and tells what it tried', async () => {
  const home = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(
      `<!doctype html><title>x</title><img src="http://127.0.0.1:1/pixel"><img src="https://example.org/pixel"><script>new WebSocket('ws://127.0.0.1:1/'); console.error('broken'); missing()</script>`,
    );
  }).listen(0, '127.0.0.1');
  await once(home, 'listening');
  const { port } = home.address() as AddressInfo;
  const browser = await launchChromium();

  const { offences } = await guardPage(browser, `http://127.0.0.1:${port}/`);
  await sleep(100);

  await browser.close();
  home.close();
  for (const told of [
    'asked for http://127.0.0.1:1/pixel',
    'asked for https://example.org/pixel',
    'opened a socket to ws://127.0.0.1:1/',
    'broken',
    'missing is not defined',
  ]) {
    expect(offences).toContain(told);
  }
});
