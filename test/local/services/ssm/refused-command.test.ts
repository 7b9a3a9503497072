import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CancelCommandCommand, GetCommandInvocationCommand } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it } from 'vitest';
import { sendWorkerCommand } from '../../../../tasks/worker-command/send-worker-command.ts';
import { startTestCloud, type TestCloud } from '../ec2/test-cloud.ts';
import { configure, prepareCommand } from './prepared-command.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

async function prepare(...given: Parameters<typeof prepareCommand>) {
  const prepared = await prepareCommand(...given);
  cloud = prepared.cloud;
  return prepared;
}

describe('a command that is refused', () => {
  const parameters = { request: { type: 'String', allowedPattern: '^[A-Za-z0-9_-]{1,16}$' } };
  const good = { request: ['abc'] };

  it.each([
    [
      'an unknown document',
      { DocumentName: 'AWS-RunShellScript', Parameters: good },
      'InvalidDocument',
    ],
    ['an unknown instance', { InstanceIds: ['i-0'], Parameters: good }, 'InvalidInstanceId'],
    ['a missing parameter', {}, 'InvalidParameters'],
    ['an unknown parameter', { Parameters: { ...good, constructor: ['x'] } }, 'InvalidParameters'],
    ['a parameter that is shell', { Parameters: { request: ["';id;'"] } }, 'InvalidParameters'],
    ['a parameter with a second line', { Parameters: { request: ['abc\n'] } }, 'InvalidParameters'],
    ['a delivery time below 30 s', { Parameters: good, TimeoutSeconds: 5 }, 'ValidationException'],
  ])('fails for %s', async (_, more, name) => {
    const { send, directory } = await prepare(["echo '{{ request }}' >ran"], { parameters });

    await expect(send(more)).rejects.toMatchObject({ name });

    expect(existsSync(join(directory, 'ran'))).toBe(false);
  });

  it('fails for an instance that is not online, which the task calls a lost worker', async () => {
    cloud = await startTestCloud({ userData: '#!/bin/bash\nsleep 60\n', graceSeconds: 0.1 });
    const { ref: documentName } = await cloud.declare('AWS::SSM::Document', {
      DocumentType: 'Command',
      Content: {
        schemaVersion: '2.2',
        parameters: { request: { type: 'String' } },
        mainSteps: [
          { action: 'aws:runShellScript', name: 'a', inputs: { runCommand: ['{{request}}'] } },
        ],
      },
    });
    const instanceId = await cloud.launch();

    const sent = sendWorkerCommand({ ssm: cloud.ssm, documentName }, configure(instanceId));

    await expect(sent).rejects.toMatchObject({ name: 'WorkerLostError' });
  });

  it('names the parameter that is not supported', async () => {
    const { send } = await prepare(['true']);

    await expect(send({ OutputS3BucketName: 'b' })).rejects.toThrow(
      'SSM SendCommand: parameter OutputS3BucketName is not supported by the embedded cloud',
    );
  });

  it('asks for the document and for the instance, by its tags', async () => {
    const { instanceId, documentName, send } = await prepare(['true']);
    cloud.accesses.length = 0;

    await send();

    expect(cloud.accesses).toEqual([
      {
        action: 'ssm:SendCommand',
        resource: `arn:aws:ssm:us-east-1:111122223333:document/${documentName}`,
      },
      {
        action: 'ssm:SendCommand',
        resource: `arn:aws:ec2:us-east-1:111122223333:instance/${instanceId}`,
        context: {
          'aws:ResourceTag/Name': 'czarhipaa worker',
          'aws:ResourceTag/czar:study': 'czarhipaa',
          'ssm:resourceTag/Name': 'czarhipaa worker',
          'ssm:resourceTag/czar:study': 'czarhipaa',
        },
      },
    ]);
  });

  it('knows no invocation, command or step that there is not', async () => {
    const { instanceId, send } = await prepare(['true']);
    const commandId = await send();
    const unknown = '00000000-0000-4000-8000-000000000000';

    await expect(
      cloud.ssm.send(
        new GetCommandInvocationCommand({ CommandId: unknown, InstanceId: instanceId }),
      ),
    ).rejects.toMatchObject({ name: 'InvocationDoesNotExist' });
    await expect(
      cloud.ssm.send(new CancelCommandCommand({ CommandId: unknown })),
    ).rejects.toMatchObject({ name: 'InvalidCommandId' });
    await expect(
      cloud.ssm.send(
        new GetCommandInvocationCommand({
          CommandId: commandId,
          InstanceId: instanceId,
          PluginName: 'other',
        }),
      ),
    ).rejects.toMatchObject({ name: 'InvalidPluginName' });
  });
});
