import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  GetCommandInvocationCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
} from '@aws-sdk/client-ssm';
import type { WorkerCommand } from '../../../../workflow/model/worker-command.ts';
import { startTestCloud, type TestCloudOptions, until } from '../ec2/test-cloud.ts';

/**
 * Starts a cloud with one machine and declares a document; answers how to send it and to look at
 * its invocation.
 */
export async function prepareCommand(
  runCommand: readonly string[],
  {
    timeoutSeconds = 60,
    parameters = {},
    ...options
  }: TestCloudOptions & { readonly timeoutSeconds?: number; readonly parameters?: object } = {},
) {
  const cloud = await startTestCloud({ graceSeconds: 0.2, ...options });
  const instanceId = await cloud.launchOnline();
  const { ref: documentName } = await cloud.declare('AWS::SSM::Document', {
    DocumentType: 'Command',
    Content: {
      schemaVersion: '2.2',
      parameters,
      mainSteps: [
        {
          action: 'aws:runShellScript',
          name: 'step',
          inputs: { timeoutSeconds: String(timeoutSeconds), runCommand },
        },
      ],
    },
  });
  const send = async (more: Partial<SendCommandCommandInput> = {}): Promise<string> => {
    const { Command } = await cloud.ssm.send(
      new SendCommandCommand({ DocumentName: documentName, InstanceIds: [instanceId], ...more }),
    );
    return Command!.CommandId!;
  };
  const look = (CommandId: string) =>
    cloud.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId: instanceId }));
  const untilStatus = async (commandId: string, status: string) => {
    await until(async () => (await look(commandId)).Status === status);
    return look(commandId);
  };
  const { directory } = cloud.instance(instanceId).machine;
  return { cloud, instanceId, directory, documentName, send, look, untilStatus };
}

/** A command that every worker takes. */
export const configure = (instanceId: string): WorkerCommand => ({
  version: 1,
  command: 'configure',
  taskToken: 'the-token',
  executionArn: 'arn:aws:states:us-east-1:111122223333:execution:czarhipaa:run-1',
  redrive: 0,
  batchId: 'ktdnwgqzf',
  instanceId,
});

/** Waits for a script to have written its process's id into a file of the machine. */
export async function readPid(directory: string, name: string): Promise<number> {
  const file = join(directory, name);
  await until(() => existsSync(file) && readFileSync(file).length > 0);
  return Number(readFileSync(file, 'utf8'));
}
