import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodePollCommand } from '../../ingest/model/poll-command.ts';
import { PollerSettings } from '../../ingest/model/poller-settings.ts';
import { type BootStand, makeBootStand } from '../support/boot-stand.ts';
import { findResource, resolveStudy } from '../support/resolve.ts';
import { synthesize } from '../support/synth.ts';

const run = promisify(execFile);
const context = { ingest: true, sealAfterHours: 12 };

// Synthesis takes longer than a test may, the first time.
beforeAll(() => synthesize(context));

let stand: BootStand;

beforeEach(async () => {
  stand = await makeBootStand();
});

afterEach(() => stand.remove());

const node = '#!/bin/bash\necho "root=$CZAR_ROOT tmp=$TMPDIR $*"\n';

interface Digests {
  readonly node: string;
  readonly poller: string;
}

const publishPoller = async (version: string) =>
  stand.publish(await stand.tarOf({ 'agent.mjs': version }));

const publishAll = async (): Promise<Digests> => ({
  node: await stand.publish(node),
  poller: await publishPoller('one'),
});

/** The template's user data, with URLs in place of the names that the resolver gives queues. */
async function userData(digests: Digests): Promise<string> {
  const { templates } = await synthesize(context);
  const machine = findResource(resolveStudy(templates), 'AWS::EC2::Instance', 'Workbench');
  return String(machine.properties.UserData)
    .replace(/(QUEUE_URL)='([^']+)'/g, "$1='https://sqs.example/$2'")
    .replace(/(CZAR_NODE_SHA256)='\w+'/, `$1='${digests.node}'`)
    .replace(/(CZAR_POLLER_SHA256)='\w+'/, `$1='${digests.poller}'`);
}

const userDataFile = 'var/lib/cloud/instance/scripts/part-001';
const firstBoot = async (digests: Digests) => stand.boot(await userData(digests), userDataFile);

/** cloud-init writes today's user data at each boot, runs it at the first, and the hooks at each. */
async function laterBoot(digests: Digests): Promise<number> {
  await writeFile(join(stand.root, userDataFile), await userData(digests));
  const hooks = await readdir(inside('var/lib/cloud/scripts/per-boot'));
  expect(hooks).toEqual(['czar-workbench']);
  return stand.execute(inside('var/lib/cloud/scripts/per-boot/czar-workbench'));
}

const inside = (path: string) => join(stand.root, path);
const modeOf = async (path: string) => (await stat(inside(path))).mode & 0o777;

describe('the boot script of the workbench', () => {
  it('turns swap off, makes the spool for root alone, and installs what it was told', async () => {
    const code = await firstBoot(await publishAll());

    expect(code).toBe(0);
    const made = await stand.calls();
    expect(made[0]).toBe('swapoff -a');
    expect(made.map((call) => call.split(' ')[0])).toEqual(['swapoff', 'aws', 'aws']);
    expect(await modeOf('var/czar/spool')).toBe(0o700);
    expect(await readdir(inside('opt/czar/poller'))).toEqual(['agent.mjs']);
  });

  it('asks S3A for each artifact by its digest', async () => {
    const digests = await publishAll();

    await firstBoot(digests);

    const fetched = (await stand.calls()).filter((call) => call.startsWith('aws'));
    expect(fetched.map((call) => /--bucket (\S+) --key (\S+)/.exec(call)?.slice(1))).toEqual(
      [digests.node, digests.poller].map((digest): unknown[] => [
        expect.stringMatching(/^czarhipaa-data-ancillary/),
        `artifacts/sha256/${digest}`,
      ]),
    );
  });

  it('writes settings that the poller reads', async () => {
    const digests = await publishAll();

    await firstBoot(digests);

    const settings: unknown = JSON.parse(await readFile(inside('etc/czar/poller.json'), 'utf8'));
    expect(PollerSettings.parse(settings)).toMatchObject({
      study: 'czarhipaa',
      region: 'us-east-1',
      queueUrl: 'https://sqs.example/czarhipaa-sensors',
      deadLetterQueueUrl: 'https://sqs.example/czarhipaa-sensors-dead',
      sealAfterHours: 12,
      agentSha256: digests.poller,
    });
  });

  it('leaves a run-poller that hands its one parameter to the poller', async () => {
    await firstBoot(await publishAll());

    const { stdout } = await run(inside('opt/czar/run-poller'), ['cmVxdWVzdA']);

    const { root } = stand;
    expect(stdout).toBe(
      `root=${root} tmp=${root}/var/czar/tmp ${root}/opt/czar/poller/agent.mjs cmVxdWVzdA\n`,
    );
  });

  it('keeps the spool at a later boot, and nothing of what was temporary', async () => {
    const digests = await publishAll();
    await firstBoot(digests);
    await writeFile(inside('var/czar/spool/object'), 'ciphertext');
    await writeFile(inside('var/czar/tmp/half'), 'of something');
    await stand.forget();

    const code = await laterBoot(digests);

    expect(code).toBe(0);
    expect(await readFile(inside('var/czar/spool/object'), 'utf8')).toBe('ciphertext');
    expect(await modeOf('var/czar/spool')).toBe(0o700);
    expect(await readdir(inside('var/czar/tmp'))).toEqual([]);
    expect(await stand.calls()).toEqual(['swapoff -a']);
  });

  it('obeys at a later boot what a deployment changed in the user data', async () => {
    const digests = await publishAll();
    await firstBoot(digests);
    const changed = { ...digests, poller: await publishPoller('two') };

    const code = await laterBoot(changed);

    expect(code).toBe(0);
    expect(await readFile(inside('opt/czar/poller/agent.mjs'), 'utf8')).toBe('two');
    expect(await readFile(inside('etc/czar/poller.json'), 'utf8')).toContain(changed.poller);
  });

  it('closes the spool to others, where it found it open', async () => {
    await mkdir(inside('var/czar/spool'), { recursive: true, mode: 0o755 });

    await firstBoot(await publishAll());

    expect(await modeOf('var/czar/spool')).toBe(0o700);
    expect(await modeOf('var/czar')).toBe(0o700);
  });

  it.each(['node', 'poller'] as const)(
    'turns the machine off when the bytes of %s are not those asked for',
    async (name) => {
      const digests = await publishAll();
      await stand.publish('other bytes', digests[name]);

      const code = await firstBoot(digests);

      expect(code).not.toBe(0);
      expect(await stand.calls()).toContain('systemctl poweroff');
      await expect(stat(inside('opt/czar/run-poller'))).rejects.toThrow('ENOENT');
      const kept = await readdir(inside('opt/czar'), { recursive: true });
      expect(kept.filter((path) => path.includes('unproven'))).toEqual([]);
    },
  );

  it('takes the program of an earlier boot away where a later one fails', async () => {
    const digests = await publishAll();
    await firstBoot(digests);

    const code = await laterBoot({ ...digests, poller: 'f'.repeat(64) });

    expect(code).not.toBe(0);
    expect(await stand.calls()).toContain('systemctl poweroff');
    await expect(stat(inside('opt/czar/run-poller'))).rejects.toThrow('ENOENT');
  });
});

describe('the SSM document of the workbench', () => {
  async function documentContent() {
    const { templates } = await synthesize(context);
    const documents = resolveStudy(templates).filter(
      ({ stack, type }) => stack === 'Ingest' && type === 'AWS::SSM::Document',
    );
    return documents[0]!.properties.Content as {
      parameters: { request: { allowedPattern: string } };
      mainSteps: { inputs: { runCommand: string[]; timeoutSeconds: string } }[];
    };
  }

  it('runs run-poller with its one parameter', async () => {
    await firstBoot(await publishAll());
    const { mainSteps } = await documentContent();
    const script = mainSteps[0]!.inputs.runCommand.join('\n').replace('{{ request }}', 'YWJj');

    const { stdout } = await run('sh', ['-c', script], {
      env: { ...process.env, CZAR_ROOT: stand.root },
    });

    expect(stdout).toMatch(/agent\.mjs YWJj\n$/);
  });

  it('takes the largest command there is, and lets it take its longest', async () => {
    const { parameters, mainSteps } = await documentContent();
    const command = encodePollCommand({
      version: 1,
      // What Step Functions makes at the most.
      taskToken: 'A'.repeat(2_048),
      executionArn: `arn:aws:states:us-east-1:111122223333:execution:${'x'.repeat(160)}`,
      instanceId: 'i-0123456789abcdef0',
      maxSeconds: 3_600,
      seal: Array.from({ length: 31 }, (_, day) => `2026-12-${String(day + 1).padStart(2, '0')}`),
    });

    expect(new RegExp(parameters.request.allowedPattern).test(command)).toBe(true);
    expect(Number(mainSteps[0]!.inputs.timeoutSeconds)).toBeGreaterThan(3_600);
  });
});
