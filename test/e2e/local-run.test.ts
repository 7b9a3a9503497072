import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countCanariesBelow } from '../../local/demo/search-canaries.ts';
import { personRoles } from '../../local/run/local-state.ts';
import { pocACanaries, pocATimeseriesHeader } from '../../synthetic/poc-a.ts';
import { until } from './support/run-batch.ts';
import { type LocalRun, pressCtrlC, processesOf, runLocally } from './support/run-locally.ts';

const canaries = [...pocACanaries, pocATimeseriesHeader];

/** What a run may leave: what was synthesized, and the cloud's own log. */
const mayStay = ['assembly', 'server.log'];

/** An interrupted cloud that just starts has to stand before it can be stopped: seconds on two cores. */
const fewSeconds = 15;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'czar-local-'));
});

afterEach(async () => {
  for (const line of processesOf(folder)) process.kill(Number.parseInt(line), 'SIGKILL');
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const demo = (): LocalRun => runLocally(folder, 'local/demo/demo.ts', '--workers', '2');
const czarLocal = (...args: string[]): LocalRun =>
  runLocally(folder, 'client/czar.mjs', 'local', ...args);

/** Waits until a run has written something; one that ended before will not. */
async function said(run: LocalRun, what: RegExp): Promise<void> {
  const early = run.ended.then((code) => {
    if (!what.test(run.text())) throw new Error(`it ended with ${code}: ${run.text()}`);
  });
  await Promise.race([early, until(() => (what.test(run.text()) ? true : undefined))]);
}

const whenGone = (): Promise<boolean> =>
  until(() => (processesOf(folder).length === 0 ? true : undefined));

async function expectNothingLeft(): Promise<void> {
  expect((await readdir(folder)).filter((name) => !mayStay.includes(name))).toEqual([]);
  expect((await countCanariesBelow(folder, canaries)).found).toBe(0);
  expect(await readFile(join(folder, 'server.log'), 'utf8')).toBe('');
}

describe('the demo, interrupted by Ctrl-C', () => {
  it.each([
    ['the stacks are synthesized', /synthesizing/],
    ['the stacks are deployed', /deploying/],
    ['the uploader sends', /czar upload/],
    ['workers process', /worker 1: Process/],
  ])('while %s, ends with 130 and leaves no process and no plaintext', async (_when, moment) => {
    const run = demo();
    await said(run, moment);
    const pressed = performance.now();

    pressCtrlC(run);
    const code = await run.ended;

    expect(code).toBe(130);
    expect((performance.now() - pressed) / 1000).toBeLessThan(fewSeconds);
    // Progress and this come by two pipes, whose order at the end is anybody's.
    expect(run.text()).toMatch(/^interrupted/m);
    await whenGone();
    await expectNothingLeft();
  });
});

describe('the demo, killed', () => {
  it('takes its cloud with it, and the plaintext that it had no time to wipe', async () => {
    const run = demo();
    await said(run, /objects: [1-9]/);
    const plaintext = await countCanariesBelow(join(folder, 'demo'), canaries);
    const processes = processesOf(folder);

    process.kill(run.pid, 'SIGKILL');
    await run.ended;
    await whenGone();

    expect(plaintext.found).toBeGreaterThan(0);
    expect(processes.length).toBeGreaterThan(5);
    await expectNothingLeft();
  });
});

describe('czar local', () => {
  it('starts one cloud at a time, lets each role in, and wipes it at its end', async () => {
    const first = czarLocal('start');
    await said(first, /synthesizing/);
    const meanwhile = czarLocal('start');
    expect(await meanwhile.ended).toBe(1);
    expect(meanwhile.text()).toContain('runs already, or starts just now');
    expect(await first.ended, first.text()).toBe(0);
    const endpoint = first.stdout().trim();

    const second = czarLocal('start');
    expect(await second.ended).toBe(1);
    expect(second.text()).toContain(`runs already at ${endpoint}`);
    const refusedDemo = demo();
    expect(await refusedDemo.ended).toBe(1);
    expect(refusedDemo.text()).toContain('runs already');

    const environments = await Promise.all(personRoles.map(readEnvironment));
    const identities = await Promise.all(environments.map(identify));
    expect(environments.map(({ AWS_ENDPOINT_URL }) => AWS_ENDPOINT_URL)).toEqual(
      personRoles.map(() => endpoint),
    );
    expect(identities.map(({ Arn }) => Arn)).toEqual(
      personRoles.map(
        (role) => expect.stringContaining(`:assumed-role/czarhipaa-${role}/`) as unknown,
      ),
    );

    const stop = czarLocal('stop');
    expect(await stop.ended).toBe(0);
    expect(stop.text()).toContain('wiped');
    await whenGone();
    await expectNothingLeft();
    const env = czarLocal('env');
    expect(await env.ended).toBe(69);
    expect(env.stdout()).toBe('');
  });

  it('starts anew where a cloud was killed, and stops at once while it starts', async () => {
    const killed = czarLocal('start');
    expect(await killed.ended, killed.text()).toBe(0);
    const state = JSON.parse(await readFile(join(folder, 'local.json'), 'utf8')) as {
      pid: number;
    };
    process.kill(state.pid, 'SIGKILL');
    await whenGone();

    const again = czarLocal('start', '--foreground');
    await said(again, /synthesizing/);
    pressCtrlC(again);

    expect(await again.ended).toBe(130);
    await whenGone();
    await expectNothingLeft();
  });
});

/** What `eval "$(czar local env)"` would set. */
async function readEnvironment(role: string): Promise<Record<string, string>> {
  const run = czarLocal('env', '--as', role);
  expect(await run.ended, run.text()).toBe(0);
  const lines = run.stdout().trimEnd().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const { name = '', value = '' } =
        /^export (?<name>\w+)='(?<value>.*)'$/.exec(line)?.groups ?? {};
      return [name, value] as const;
    }),
  );
}

function identify(environment: Record<string, string>) {
  const sts = new STSClient({
    endpoint: environment.AWS_ENDPOINT_URL,
    region: environment.AWS_REGION,
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
      sessionToken: environment.AWS_SESSION_TOKEN ?? '',
    },
  });
  return sts.send(new GetCallerIdentityCommand());
}
