import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configureWorker } from '../../worker/configure-worker.ts';
import { openCell, type PipelineCell } from '../../worker/pipeline-cell.ts';
import { ConfigureReply } from '../../workflow/model/worker-command.ts';
import { sha256 } from './fake-cloud.ts';
import { writeLineCount } from './line-count.ts';

const agent = Buffer.from('the agent');
const sealedCell: PipelineCell = { ...openCell, isSealed: true };
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'configure-test-'));
  await mkdir(join(root, 'scratch'), { mode: 0o700 });
  await writeFile(join(root, 'agent.tar'), agent);
  await writeFile(join(root, 'swaps'), 'Filename\tType\tSize\tUsed\tPriority\n');
  await writeLineCount(join(root, 'pipelines'));
});
afterEach(() => rm(root, { recursive: true }));

function configure(nodeVersion?: string, cell = sealedCell): Promise<ConfigureReply> {
  const settings = {
    study: 'czarhipaa',
    region: 'us-east-1',
    inputBucket: 'in',
    resultBucket: 'out',
    ledgerTable: 'ledger',
    dataKeyArn: 'arn',
    agentSha256: sha256(agent),
  };
  const paths = {
    scratch: join(root, 'scratch'),
    pipelines: join(root, 'pipelines'),
    agentTar: join(root, 'agent.tar'),
    swaps: join(root, 'swaps'),
  };
  return configureWorker({ settings, paths, cell }, nodeVersion);
}

describe('configure', () => {
  it('answers the digest of the agent and the version of node', async () => {
    const reply = ConfigureReply.parse(await configure());

    expect(reply).toEqual({ agentSha256: sha256(agent), nodeVersion: process.versions.node });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['another agent', () => writeFile(join(root, 'agent.tar'), 'other'), 'not the one'],
    ['no agent', () => rm(join(root, 'agent.tar')), 'cannot be read: ENOENT'],
    [
      'swap',
      () => writeFile(join(root, 'swaps'), 'Filename\n/dev/sda2 partition 1 0 -2\n'),
      'swap is on',
    ],
    ['no scratch', () => rm(join(root, 'scratch'), { recursive: true }), 'no scratch'],
    ['scratch that others can read', () => chmod(join(root, 'scratch'), 0o755), 'got 755'],
    ['no pipeline', () => rm(join(root, 'pipelines'), { recursive: true }), 'no pipeline'],
    [
      'half a pipeline',
      () => rm(join(root, 'pipelines/line-count/process.mjs')),
      'line-count cannot be read',
    ],
  ])('refuses an instance with %s', async (_what, breakIt, message) => {
    await breakIt();

    await expect(configure()).rejects.toMatchObject({
      code: 'WorkerBrokenError',
      message: expect.stringContaining(message) as unknown,
    });
  });

  it('refuses an instance that cannot keep the processes of a pipeline together', async () => {
    await expect(configure(undefined, openCell)).rejects.toMatchObject({
      code: 'WorkerBrokenError',
      message: expect.stringContaining('process namespace') as unknown,
    });
  });

  it.each([
    ['22.12.0', false],
    ['22.13.0', true],
    ['24.1.0', true],
    ['20.19.0', false],
  ])('takes node %s: %s', async (version, taken) => {
    const outcome = await configure(version).then(
      () => true,
      () => false,
    );

    expect(outcome).toBe(taken);
  });
});
