import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { personRoles } from '../../local/run/local-state.ts';
import { said, useLocalFolder } from './support/local-folder.ts';
import { pressCtrlC } from './support/run-locally.ts';

const local = useLocalFolder();

describe('czar local', () => {
  it('starts one cloud at a time, lets each role in, and wipes it at its end', async () => {
    const first = local.czarLocal('start');
    await said(first, /synthesizing/);
    const meanwhile = local.czarLocal('start');
    expect(await meanwhile.ended).toBe(1);
    expect(meanwhile.text()).toContain('runs already, or starts just now');
    expect(await first.ended, first.text()).toBe(0);
    const endpoint = first.stdout().trim();

    const second = local.czarLocal('start');
    expect(await second.ended).toBe(1);
    expect(second.text()).toContain(`runs already at ${endpoint}`);
    const refusedDemo = local.demo();
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

    const stop = local.czarLocal('stop');
    expect(await stop.ended).toBe(0);
    expect(stop.text()).toContain('wiped');
    await local.whenGone();
    await local.expectNothingLeft();
    const env = local.czarLocal('env');
    expect(await env.ended).toBe(69);
    expect(env.stdout()).toBe('');
  });

  it('starts anew where a cloud was killed, and stops at once while it starts', async () => {
    const killed = local.czarLocal('start');
    expect(await killed.ended, killed.text()).toBe(0);
    const state = JSON.parse(await readFile(join(local.path(), 'local.json'), 'utf8')) as {
      pid: number;
    };
    process.kill(state.pid, 'SIGKILL');
    await local.whenGone();

    const again = local.czarLocal('start', '--foreground');
    await said(again, /synthesizing/);
    pressCtrlC(again);

    expect(await again.ended).toBe(130);
    await local.whenGone();
    await local.expectNothingLeft();
  });
});

/** What `eval "$(czar local env)"` would set. */
async function readEnvironment(role: string): Promise<Record<string, string>> {
  const run = local.czarLocal('env', '--as', role);
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
