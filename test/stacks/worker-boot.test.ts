import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WorkerSettings } from '../../workflow/model/worker-settings.ts';
import { type BootStand, makeBootStand } from '../support/boot-stand.ts';
import { findResource, resolveStudy } from '../support/resolve.ts';
import { synthesize } from '../support/synth.ts';

const run = promisify(execFile);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

// Synthesis takes longer than a test may, the first time.
beforeAll(() => synthesize());

let stand: BootStand;

beforeEach(async () => {
  stand = await makeBootStand();
});

afterEach(() => stand.remove());

const node = '#!/bin/bash\necho "root=$CZAR_ROOT tmp=$TMPDIR $*"\n';

interface Digests {
  readonly node: string;
  readonly engine: string;
  readonly agent: string;
}

async function publishAll(): Promise<Digests> {
  return {
    node: await stand.publish(node),
    engine: await stand.publish(
      await stand.tarOf({ 'node_modules/@duckdb/node-api/package.json': '{}' }),
    ),
    agent: await stand.publish(
      await stand.tarOf({ 'agent.mjs': '', 'pipelines/x/pipeline.json': '{}' }),
    ),
  };
}

/** Runs the template's user data as EC2 would, in a directory of its own; answers its exit code. */
async function boot(digests: Digests): Promise<number> {
  const { templates } = await synthesize();
  const template = findResource(resolveStudy(templates), 'AWS::EC2::LaunchTemplate', 'Template');
  const { UserData } = template.properties.LaunchTemplateData as { UserData: string };
  const script = UserData.replace(/(CZAR_NODE_SHA256)='\w+'/, `$1='${digests.node}'`)
    .replace(/(CZAR_ENGINE_SHA256)='\w+'/, `$1='${digests.engine}'`)
    .replace(/(CZAR_AGENT_SHA256)='\w+'/, `$1='${digests.agent}'`);
  return stand.boot(script, 'user-data');
}

const runWorker = () => join(stand.root, 'opt/czar/run-worker');

describe('the boot script of a worker', () => {
  it('turns swap off, mounts the scratch volume for root alone, and installs what it was told', async () => {
    const code = await boot(await publishAll());

    expect(code).toBe(0);
    const made = (await stand.calls()).map((call) => call.replaceAll(stand.root, ''));
    expect(made.slice(0, 3)).toEqual([
      'swapoff -a',
      'mkfs.xfs -q -f /dev/sdf',
      'mount -o nodev,nosuid,noexec,noatime /dev/sdf /scratch',
    ]);
    expect((await stat(join(stand.root, 'scratch'))).mode & 0o777).toBe(0o700);
    expect(made.filter((call) => call.startsWith('systemctl'))).toEqual([]);
    expect(await readdir(join(stand.root, 'opt/czar/agent'))).toEqual(['agent.mjs', 'pipelines']);
    expect(
      await readFile(
        join(stand.root, 'opt/czar/node_modules/@duckdb/node-api/package.json'),
        'utf8',
      ),
    ).toBe('{}');
  });

  it('asks S3A for each artifact by its digest', async () => {
    const digests = await publishAll();

    await boot(digests);

    const fetched = (await stand.calls()).filter((call) => call.startsWith('aws'));
    expect(fetched.map((call) => /--bucket (\S+) --key (\S+)/.exec(call)?.slice(1))).toEqual(
      [digests.node, digests.engine, digests.agent].map((digest): unknown[] => [
        expect.stringMatching(/^czarhipaa-data-ancillary/),
        `artifacts/sha256/${digest}`,
      ]),
    );
  });

  it('writes settings that the agent reads', async () => {
    const digests = await publishAll();

    await boot(digests);

    const settings: unknown = JSON.parse(
      await readFile(join(stand.root, 'etc/czar/worker.json'), 'utf8'),
    );
    expect(WorkerSettings.parse(settings)).toMatchObject({
      study: 'czarhipaa',
      region: 'us-east-1',
      agentSha256: digests.agent,
    });
  });

  it('leaves a run-worker that hands its one parameter to the agent', async () => {
    await boot(await publishAll());

    const { stdout } = await run(runWorker(), ['cmVxdWVzdA']);

    expect(stdout).toBe(
      `root=${stand.root} tmp=${stand.root}/scratch ${stand.root}/opt/czar/agent/agent.mjs cmVxdWVzdA\n`,
    );
  });

  it.each(['node', 'engine', 'agent'] as const)(
    'turns the machine off when the bytes of %s are not those asked for',
    async (name) => {
      const digests = await publishAll();
      await stand.publish('other bytes', digests[name]);

      const code = await boot(digests);

      expect(code).not.toBe(0);
      expect(await stand.calls()).toContain('systemctl poweroff');
      await expect(stat(runWorker())).rejects.toThrow('ENOENT');
      const kept = await readdir(join(stand.root, 'opt/czar'), { recursive: true });
      expect(kept.filter((path) => path.includes('unproven'))).toEqual([]);
    },
  );

  it('turns the machine off when an artifact is not there', async () => {
    const code = await boot({ ...(await publishAll()), agent: sha256('nothing') });

    expect(code).not.toBe(0);
    expect(await stand.calls()).toContain('systemctl poweroff');
  });

  it('takes an artifact that the image brought, if it has the digest, and fetches it if not', async () => {
    const digests = await publishAll();
    await mkdir(join(stand.root, 'opt/czar/bin'), { recursive: true });
    await mkdir(join(stand.root, 'opt/czar/artifacts'), { recursive: true });
    await writeFile(join(stand.root, 'opt/czar/bin/node'), node);
    await writeFile(join(stand.root, 'opt/czar/artifacts/engine.tar'), 'of last year');

    const code = await boot(digests);

    expect(code).toBe(0);
    const fetched = (await stand.calls()).filter((call) => call.startsWith('aws')).join(' ');
    expect(fetched).not.toContain(digests.node);
    expect(fetched).toContain(digests.engine);
  });
});

describe('the SSM document of workers', () => {
  async function documentContent() {
    const { templates } = await synthesize();
    const document = findResource(resolveStudy(templates), 'AWS::SSM::Document', 'Document');
    return document.properties.Content as {
      parameters: { request: { allowedPattern: string } };
      mainSteps: { inputs: { runCommand: string[]; timeoutSeconds: string } }[];
    };
  }

  it('runs run-worker with its one parameter', async () => {
    await boot(await publishAll());
    const { mainSteps } = await documentContent();
    const script = mainSteps[0]!.inputs.runCommand.join('\n').replace('{{ request }}', 'YWJj');

    const { stdout } = await run('sh', ['-c', script], {
      env: { ...process.env, CZAR_ROOT: stand.root },
    });

    expect(stdout).toMatch(/agent\.mjs YWJj\n$/);
  });

  it('takes base64url only, so that no request can be a shell’s word', async () => {
    const { parameters } = await documentContent();
    const pattern = new RegExp(parameters.request.allowedPattern);

    expect(pattern.test('eyJ2ZXJzaW9uIjoxfQ-_')).toBe(true);
    for (const request of ['', "a'b", 'a b', '$(reboot)', 'a\nb', 'a'.repeat(16_385)]) {
      expect(pattern.test(request)).toBe(false);
    }
  });
});
