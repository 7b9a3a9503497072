import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { countCanariesBelow } from '../../../local/demo/search-canaries.ts';
import { pocACanaries, pocATimeseriesHeader } from '../../../synthetic/poc-a.ts';
import { until } from './run-batch.ts';
import { type LocalRun, processesOf, runLocally } from './run-locally.ts';

/** What the demo's inputs say, and nothing else may. */
export const canaries = [...pocACanaries, pocATimeseriesHeader];

/** What a run may leave: what was synthesized, and the cloud's own log. */
const mayStay = ['assembly', 'server.log'];

/** A folder for the local runs of one test, and what is asked of it. */
export interface LocalFolder {
  path(): string;
  /** Starts the demo, on two workers. */
  demo(): LocalRun;
  czarLocal(...args: string[]): LocalRun;
  /** Resolves when no process of the folder's runs is there any more. */
  whenGone(): Promise<boolean>;
  expectNothingLeft(): Promise<void>;
}

/** Gives each test of a file a folder of its own, and ends and removes behind it whatever there is. */
export function useLocalFolder(): LocalFolder {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'czar-local-'));
  });
  afterEach(async () => {
    for (const line of processesOf(folder)) process.kill(Number.parseInt(line), 'SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    path: () => folder,
    demo: () => runLocally(folder, 'local/demo/demo.ts', '--workers', '2'),
    czarLocal: (...args) => runLocally(folder, 'client/czar.mjs', 'local', ...args),
    whenGone: () => until(() => (processesOf(folder).length === 0 ? true : undefined)),
    async expectNothingLeft() {
      expect((await readdir(folder)).filter((name) => !mayStay.includes(name))).toEqual([]);
      expect((await countCanariesBelow(folder, canaries)).found).toBe(0);
      expect(await readFile(join(folder, 'server.log'), 'utf8')).toBe('');
    },
  };
}

/** Waits until a run has written something; one that ended before will not. */
export async function said(run: LocalRun, what: RegExp): Promise<void> {
  const early = run.ended.then((code) => {
    if (!what.test(run.text())) throw new Error(`it ended with ${code}: ${run.text()}`);
  });
  await Promise.race([early, until(() => (what.test(run.text()) ? true : undefined))]);
}
