import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleAgent } from '../../stacks/bundles.ts';
import { agentExit } from '../../runtime/agent-answer.ts';
import { encodeWorkerCommand } from '../../workflow/model/worker-command.ts';
import { sha256 } from './fake-cloud.ts';
import { until } from './processes.ts';

let installed: string;
let root: string;
let server: Server;
let calls: { target: string; body: unknown }[];
/** Answers by operation; `undefined` lets a call hang. */
let answers: Record<string, object | undefined>;

beforeAll(async () => {
  installed = await mkdtemp(join(tmpdir(), 'agent-bundle-'));
  await bundleAgent(join(installed, 'agent'));
});
afterAll(() => rm(installed, { recursive: true }));

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agent-test-'));
  calls = [];
  answers = {};
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const target = String(request.headers['x-amz-target'] ?? request.method);
      calls.push({ target, body: body === '' ? undefined : JSON.parse(body) });
      const answer = target in answers ? answers[target] : {};
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      if (answer !== undefined) response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(root, { recursive: true });
});

const task = {
  version: 1,
  taskToken: 'task-token',
  executionArn: 'arn',
  redrive: 0,
  batchId: 'bcdfghjkw',
  instanceId: 'i-0123456789abcdef0',
} as const;

/** Makes the directories that user data makes. */
async function install(): Promise<void> {
  const agentTar = Buffer.from('the tar');
  await mkdir(join(root, 'opt/czar/artifacts'), { recursive: true });
  await writeFile(join(root, 'opt/czar/artifacts/agent.tar'), agentTar);
  await mkdir(join(root, 'scratch'), { mode: 0o700 });
  await mkdir(join(root, 'etc/czar'), { recursive: true });
  const settings = {
    study: 'czarhipaa',
    region: 'us-east-1',
    inputBucket: 'in',
    resultBucket: 'out',
    ledgerTable: 'ledger',
    dataKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/k',
    agentSha256: sha256(agentTar),
  };
  await writeFile(join(root, 'etc/czar/worker.json'), JSON.stringify(settings));
}

const configure = encodeWorkerCommand({ command: 'configure', ...task });

const commandLine = (parameter: string): [string, string, string] => [
  process.execPath,
  join(installed, 'agent/agent.mjs'),
  parameter,
];

const environment = (): Record<string, string> => ({
  CZAR_ROOT: root,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
});

function startAgent(parameter: string) {
  const [program, ...words] = commandLine(parameter);
  const child = spawn(program, words, {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
    text(child.stdout),
    text(child.stderr),
  ]).then(([exit, out, errors]) => ({ exit, out, errors }));
  return { child, ended };
}

describe('the bundled agent', () => {
  it('configures an instance that is as it should be', async () => {
    await install();

    const { ended } = startAgent(encodeWorkerCommand({ command: 'configure', ...task }));

    expect(await ended).toMatchObject({ exit: agentExit.done, errors: '' });
    const output = JSON.stringify({
      agentSha256: sha256(Buffer.from('the tar')),
      nodeVersion: process.versions.node,
    });
    expect(calls).toEqual([
      { target: 'AWSStepFunctions.SendTaskSuccess', body: { taskToken: 'task-token', output } },
    ]);
  });

  it('does its work where nobody takes its log any more', async () => {
    await install();
    const child = spawn(
      '/bin/sh',
      // The reader is gone before the agent has said anything.
      ['-c', `("$@"; echo $? >&2) | true`, 'sh', ...commandLine(configure)],
      { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] },
    );

    expect(await text(child.stderr)).toBe(`${agentExit.done}\n`);
    expect(calls.map(({ target }) => target)).toEqual(['AWSStepFunctions.SendTaskSuccess']);
  });

  it('ends with its own code where it cannot read the command, and prints nothing of it', async () => {
    const { ended } = startAgent(Buffer.from('JaneCanary').toString('base64url'));

    const { exit, out, errors } = await ended;
    expect([exit, errors]).toEqual([agentExit.untold, '']);
    expect(JSON.parse(out)).toMatchObject({ message: 'command unreadable' });
    expect(calls).toEqual([]);
  });

  it('answers WorkerBrokenError where its settings cannot be read', async () => {
    const { ended } = startAgent(encodeWorkerCommand({ command: 'configure', ...task }));

    expect((await ended).exit).toBe(agentExit.failed);
    expect(calls).toEqual([
      {
        target: 'AWSStepFunctions.SendTaskFailure',
        body: {
          taskToken: 'task-token',
          error: 'WorkerBrokenError',
          cause: 'the settings cannot be read: ENOENT',
        },
      },
    ]);
  });

  it('answers WorkerLostError at SIGTERM, in the middle of a call that hangs, and wipes', async () => {
    await install();
    answers['AmazonSQS.GetQueueAttributes'] = {
      Attributes: { VisibilityTimeout: '60', RedrivePolicy: '{"maxReceiveCount":4}' },
    };
    answers.GET = undefined;
    const { child, ended } = startAgent(
      encodeWorkerCommand({
        command: 'process',
        ...task,
        pipeline: 'vitals-summary',
        grantToken: 'grant-token',
        maxSeconds: 600,
        queueUrl: 'http://127.0.0.1/queue',
      }),
    );
    await until(() => calls.some(({ target }) => target === 'GET'));

    child.kill('SIGTERM');

    expect(await ended).toMatchObject({ exit: agentExit.failed, errors: '' });
    expect(calls.at(-1)).toEqual({
      target: 'AWSStepFunctions.SendTaskFailure',
      body: {
        taskToken: 'task-token',
        error: 'WorkerLostError',
        cause: 'the worker was told to stop',
      },
    });
    expect(await readdir(join(root, 'scratch'))).toEqual([]);
  });
});
