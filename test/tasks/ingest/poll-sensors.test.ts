import { SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { decodePollCommand } from '../../../ingest/model/poll-command.ts';
import { pollSensors } from '../../../tasks/poll-sensors/poll-sensors.ts';
import { awsError } from '../aws-error.ts';
import { instanceId } from '../runs.ts';
import { ingestRun } from './ingest-runs.ts';

const ssm = mockClient(SSMClient);
const command = {
  taskToken: 'token+/=',
  executionArn: ingestRun(1).executionArn,
  instanceId,
  maxSeconds: 600,
  seal: ['2026-11-22'],
};

beforeEach(() => {
  ssm.reset();
  ssm.on(SendCommandCommand).resolves({ Command: { CommandId: 'command-1' } });
});

const poll = () => pollSensors(command, { ssm: new SSMClient({}), documentName: 'poller' });

describe('Poll', () => {
  it('tells the poller on the workbench its time and the days to seal', async () => {
    const answer = await poll();

    const { Parameters, ...rest } = ssm.commandCalls(SendCommandCommand)[0]!.args[0].input;
    expect(answer).toEqual({ commandId: 'command-1', instanceId });
    expect(rest).toEqual({
      DocumentName: 'poller',
      InstanceIds: [instanceId],
      TimeoutSeconds: 60,
    });
    expect(Parameters!.request![0]).toMatch(/^[A-Za-z0-9_-]{1,16384}$/);
    expect(decodePollCommand(Parameters!.request![0]!)).toEqual({ version: 1, ...command });
  });

  it('finds the workbench unreachable that SSM does not know', async () => {
    const cause = awsError('InvalidInstanceId');
    ssm.on(SendCommandCommand).rejects(cause);

    await expect(poll()).rejects.toMatchObject({ name: 'WorkbenchUnreachableError', cause });
  });

  it('leaves other errors of SSM alone', async () => {
    ssm.on(SendCommandCommand).rejects(awsError('InvalidDocument'));

    await expect(poll()).rejects.toMatchObject({ name: 'InvalidDocument' });
  });
});
