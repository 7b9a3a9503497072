import { dirname, join } from 'node:path';
import { GetCommandInvocationCommand } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it } from 'vitest';
import { sendWorkerCommand } from '../../../../tasks/worker-command/send-worker-command.ts';
import { isAlive, startTestCloud, type TestCloud, until } from '../ec2/test-cloud.ts';
import { artifacts, inS3A, workerBoot } from '../ec2/worker-artifacts.ts';
import { configure, prepareCommand, readPid } from './prepared-command.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

async function prepare(...given: Parameters<typeof prepareCommand>) {
  const prepared = await prepareCommand(...given);
  cloud = prepared.cloud;
  return prepared;
}

describe('a command', () => {
  it("runs the worker that the boot script made, with the task's own request", async () => {
    cloud = await startTestCloud({ userData: workerBoot(artifacts), objects: inS3A(artifacts) });
    const instanceId = await cloud.launchOnline();
    // As stacks/constructs/worker-document.ts has it.
    const { ref: documentName } = await cloud.declare('AWS::SSM::Document', {
      DocumentType: 'Command',
      TargetType: '/AWS::EC2::Instance',
      UpdateMethod: 'NewVersion',
      Tags: [{ Key: 'czar:study', Value: 'czarhipaa' }],
      Content: {
        schemaVersion: '2.2',
        description: 'Gives a worker one command',
        parameters: {
          request: {
            type: 'String',
            description: 'A WorkerCommand',
            allowedPattern: '^[A-Za-z0-9_-]{1,16384}$',
          },
        },
        mainSteps: [
          {
            action: 'aws:runShellScript',
            name: 'runWorker',
            inputs: {
              timeoutSeconds: '172800',
              runCommand: [
                'run="${CZAR_ROOT:-}/opt/czar/run-worker"',
                'tries=0',
                'while [ ! -x "$run" ] && [ "$tries" -lt 600 ]; do sleep 0.5; tries=$((tries+1)); done',
                'exec "$run" \'{{ request }}\'',
              ],
            },
          },
        ],
      },
    });
    const command = configure(instanceId);

    const { commandId } = await sendWorkerCommand({ ssm: cloud.ssm, documentName }, command);

    const look = () =>
      cloud.ssm.send(
        new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId }),
      );
    await until(async () => (await look()).Status === 'Success');
    const { directory } = cloud.instance(instanceId).machine;
    const [node = '', root, scratch] = (await look()).StandardOutputContent!.trim().split('\n');
    const [, agent, request = ''] = /^node: (\S+) (\S+)$/.exec(node) ?? [];
    expect(agent).toBe(join(directory, 'opt/czar/agent/agent.mjs'));
    expect(JSON.parse(Buffer.from(request, 'base64url').toString())).toEqual(command);
    expect(root).toBe(`root: ${directory}`);
    expect(scratch).toBe(`scratch: ${join(directory, 'scratch')}`);
  });

  it('is pending when sent, and tells output, exit code and times when it ended', async () => {
    const { send, untilStatus, documentName, instanceId } = await prepare([
      'echo out',
      'echo err >&2',
      'exit 7',
    ]);

    const commandId = await send({ Comment: 'try' });
    const ended = await untilStatus(commandId, 'Failed');

    expect(commandId).toMatch(/^[0-9a-f-]{36}$/);
    expect(ended).toMatchObject({
      CommandId: commandId,
      InstanceId: instanceId,
      Comment: 'try',
      DocumentName: documentName,
      PluginName: 'step',
      ResponseCode: 7,
      StatusDetails: 'Failed',
      StandardOutputContent: 'out\n',
      StandardErrorContent: 'err\n',
    });
    expect(Date.parse(ended.ExecutionEndDateTime!)).toBeGreaterThanOrEqual(
      Date.parse(ended.ExecutionStartDateTime!),
    );
    expect(ended.ExecutionElapsedTime).toMatch(/^PT[\d.]+S$/);
  });

  it('has the environment of the machine and nothing of the host', async () => {
    process.env.CZAR_TEST_SECRET = 'of the host';
    const { send, untilStatus, directory, instanceId } = await prepare(['env']);

    const { StandardOutputContent } = await untilStatus(await send(), 'Success');
    delete process.env.CZAR_TEST_SECRET;

    const lines = StandardOutputContent!.trim().split('\n');
    const environment = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    // The shell itself adds these, one or another.
    const { PWD, OLDPWD, SHLVL, _, ...given } = environment;
    expect(given).toEqual({
      PATH: expect.stringMatching(
        /^\/.*\/ec2\/image\/?:\/usr\/local\/bin:\/usr\/bin:\/bin:\/usr\/sbin:\/sbin$/,
      ) as string,
      HOME: directory,
      TMPDIR: join(directory, 'tmp'),
      LANG: 'C.UTF-8',
      CZAR_ROOT: directory,
      CZAR_MACHINE: directory,
      CZAR_IMAGE_NODE: process.execPath,
      CZAR_IMAGE_CACHE: join(dirname(directory), 'image', 'compile-cache'),
      NODE_COMPILE_CACHE: join(directory, 'var', 'compile-cache'),
      NODE_COMPILE_CACHE_PORTABLE: '1',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: cloud.endpoint,
      AWS_ACCESS_KEY_ID: 'ASIATESTTESTTESTTEST',
      AWS_SECRET_ACCESS_KEY: `secret-of-${instanceId}`,
      AWS_SESSION_TOKEN: `token-of-${instanceId}`,
    });
  });

  it("reads nothing on its standard input, and works in the machine's directory", async () => {
    const { send, untilStatus, directory } = await prepare(['cat', 'pwd']);

    const { StandardOutputContent } = await untilStatus(await send(), 'Success');

    expect(StandardOutputContent).toBe(`${directory}\n`);
  });

  it('keeps the first 24,000 characters of output and 8,000 of errors', async () => {
    const { send, untilStatus } = await prepare([
      'printf "ä%.0s" $(seq 30000)',
      'printf "e%.0s" $(seq 30000) >&2',
    ]);

    const ended = await untilStatus(await send(), 'Success');

    expect(ended.StandardOutputContent).toBe('ä'.repeat(24_000));
    expect(ended.StandardErrorContent).toBe('e'.repeat(8_000));
  });

  it('ends with its script, though that left something running', async () => {
    const { send, untilStatus, directory } = await prepare([
      'sleep 60 & echo $! >left',
      'echo done',
    ]);

    const { StandardOutputContent } = await untilStatus(await send(), 'Success');

    expect(StandardOutputContent).toBe('done\n');
    expect(isAlive(await readPid(directory, 'left'))).toBe(true);
  });

  it('hides its parameters from the access log and from errors', async () => {
    const parameters = { token: { type: 'String', allowedPattern: '^[a-z]+$' } };
    const { send, untilStatus } = await prepare(['echo {{ token }}'], { parameters });

    await untilStatus(await send({ Parameters: { token: ['canary'] } }), 'Success');
    const refused = await send({ Parameters: { token: ['CANARY'] } }).catch(String);

    expect(JSON.stringify(cloud.records)).not.toContain('canary');
    expect(refused).toContain('InvalidParameters');
    expect(refused).not.toContain('CANARY');
  });
});
