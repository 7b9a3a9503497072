import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodePollCommand } from '../../../ingest/model/poll-command.ts';
import type { PollerSettings } from '../../../ingest/model/poller-settings.ts';
import { agentExit } from '../../../runtime/agent-answer.ts';

let root: string;
let server: Server;
let calls: { target: string; body: unknown }[];
/** Answers by operation; `undefined` lets a call hang. */
let answers: Record<string, object | undefined>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'poller-agent-'));
  calls = [];
  answers = {
    'DynamoDB_20120810.UpdateItem': { Attributes: { epoch: { N: '1' } } },
    'DynamoDB_20120810.Query': { Items: [], Count: 0 },
    'AmazonSQS.ReceiveMessage': {},
    'AmazonSQS.GetQueueAttributes': { Attributes: { ApproximateNumberOfMessages: '0' } },
  };
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const target = String(request.headers['x-amz-target'] ?? request.method);
      calls.push({ target, body: JSON.parse(body) as unknown });
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

const command = encodePollCommand({
  version: 1,
  taskToken: 'task-token',
  executionArn: 'arn',
  instanceId: 'i-0123456789abcdef0',
  maxSeconds: 60,
  seal: [],
});

/** Writes what the boot script writes. */
async function install(): Promise<void> {
  const settings: PollerSettings = {
    study: 'czarhipaa',
    region: 'us-east-1',
    inputBucket: 'in',
    ancillaryBucket: 'anc',
    ledgerTable: 'ledger',
    sensorTable: 'sensors',
    assignmentTable: 'assignments',
    dataKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/k',
    queueUrl: 'http://127.0.0.1:1/queue',
    deadLetterQueueUrl: 'http://127.0.0.1:1/dead',
    sealAfterHours: 6,
    agentSha256: '0'.repeat(64),
  };
  await mkdir(join(root, 'etc/czar'), { recursive: true });
  await writeFile(join(root, 'etc/czar/poller.json'), JSON.stringify(settings));
}

function startAgent(parameter: string) {
  const agent = fileURLToPath(new URL('../../../ingest/poller/agent.ts', import.meta.url));
  const child = spawn(process.execPath, [agent, parameter], {
    env: {
      CZAR_ROOT: root,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
    text(child.stdout),
    text(child.stderr),
  ]).then(([exit, out, errors]) => ({ exit, out, errors }));
  return { child, ended };
}

/** What Step Functions was told. */
const told = () => calls.filter(({ target }) => target.startsWith('AWSStepFunctions'));

describe('the agent on the workbench', () => {
  it('polls, and answers its task', async () => {
    await install();

    const { exit, errors, out } = await startAgent(command).ended;

    expect({ exit, errors }).toEqual({ exit: agentExit.done, errors: '' });
    const [answer] = told();
    expect(answer).toMatchObject({
      target: 'AWSStepFunctions.SendTaskSuccess',
      body: { taskToken: 'task-token' },
    });
    expect(JSON.stringify(answer)).toContain('EMPTY');
    expect(out).toContain('command done');
  });

  it('tells the task where it does not know its deployment', async () => {
    const { exit, out } = await startAgent(command).ended;

    expect(exit).toBe(agentExit.failed);
    expect(told()).toMatchObject([
      { target: 'AWSStepFunctions.SendTaskFailure', body: { error: 'WorkerBrokenError' } },
    ]);
    expect(out).not.toContain(root);
  });

  it('tells nobody of a command that cannot be read', async () => {
    const { exit } = await startAgent('bm8ganNvbg').ended;

    expect(exit).toBe(agentExit.untold);
    expect(calls).toEqual([]);
  });

  it('told to stop, tells the task, and lets the lease go', async () => {
    await install();
    answers['AmazonSQS.ReceiveMessage'] = undefined;
    const { child, ended } = startAgent(command);
    await expect
      .poll(() => calls.some(({ target }) => target.endsWith('ReceiveMessage')), {
        timeout: 10_000,
      })
      .toBe(true);

    child.kill('SIGTERM');

    expect((await ended).exit).toBe(agentExit.failed);
    expect(told()).toMatchObject([{ body: { error: 'WorkerLostError' } }]);
    const released = calls.findLast(({ target }) => target.endsWith('UpdateItem'));
    expect(JSON.stringify(released)).toContain('SET #until = :until');
  });
});
