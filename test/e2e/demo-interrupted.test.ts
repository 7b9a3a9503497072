import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countCanariesBelow } from '../../local/demo/search-canaries.ts';
import { canaries, said, useLocalFolder } from './support/local-folder.ts';
import { pressCtrlC, processesOf } from './support/run-locally.ts';

/** An interrupted cloud that just starts has to stand before it can be stopped: seconds on two cores. */
const fewSeconds = 15;

const local = useLocalFolder();

describe('the demo, interrupted by Ctrl-C', () => {
  it.each([
    ['the stacks are synthesized', /synthesizing/],
    ['the stacks are deployed', /deploying/],
    ['the uploader sends', /czar upload/],
    ['workers process', /worker 1: Process/],
  ])('while %s, ends with 130 and leaves no process and no plaintext', async (_when, moment) => {
    const run = local.demo();
    await said(run, moment);
    const pressed = performance.now();

    pressCtrlC(run);
    const code = await run.ended;

    expect(code).toBe(130);
    expect((performance.now() - pressed) / 1000).toBeLessThan(fewSeconds);
    // Progress and this come by two pipes, whose order at the end is anybody's.
    expect(run.text()).toMatch(/^interrupted/m);
    await local.whenGone();
    await local.expectNothingLeft();
  });
});

describe('the demo, killed', () => {
  it('takes its cloud with it, and the plaintext that it had no time to wipe', async () => {
    const run = local.demo();
    await said(run, /objects: [1-9]/);
    const plaintext = await countCanariesBelow(join(local.path(), 'demo'), canaries);
    const processes = processesOf(local.path());

    process.kill(run.pid, 'SIGKILL');
    await run.ended;
    await local.whenGone();

    expect(plaintext.found).toBeGreaterThan(0);
    expect(processes.length).toBeGreaterThan(5);
    await local.expectNothingLeft();
  });
});
