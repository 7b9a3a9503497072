import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const preload = fileURLToPath(new URL('../../client/require-node.mjs', import.meta.url));

/** Runs an empty script under a Node that is believed to be another, with the preload of npm scripts. */
function runUnder(version: string) {
  const pretend = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`;
  return spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${pretend}`, '--import', preload, '--eval', '0'],
    { encoding: 'utf8' },
  );
}

describe('the preload of npm scripts', () => {
  it('ends an older Node with one sentence', () => {
    const { status, stderr } = runUnder('20.20.2');

    expect(status).toBe(69);
    expect(stderr).toMatch(/^Node 22\.18 or later is needed, and this is 20\.20\.2\. .*\n$/);
  });

  it('lets a Node pass that can run the project', () => {
    const { status, stderr } = runUnder('22.18.0');

    expect([status, stderr]).toEqual([0, '']);
  });
});
