import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeInstanceInformationCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { beforeEach, describe, expect, it } from 'vitest';
import { configureWorker } from '../../tasks/configure-worker/configure-worker.ts';
import { consolidate } from '../../tasks/consolidate/consolidate.ts';
import { process as processObjects } from '../../tasks/process/process.ts';
import { decodeWorkerCommand } from '../../workflow/model/worker-command.ts';
import { awsError } from './aws-error.ts';
import { instanceId, liveRun, liveSlot, run } from './runs.ts';

const ec2 = mockClient(EC2Client);
const ssm = mockClient(SSMClient);
const deps = { ssm: new SSMClient({}), documentName: 'worker-document' };
const addressed = { ...run, taskToken: 'token+/=' };
const processing = {
  ...liveSlot,
  taskToken: 'token+/=',
  instanceId,
  grantToken: 'grant',
  queueUrl: 'https://sqs.us-east-1.amazonaws.com/111122223333/queue',
  pipeline: 'vitals-summary',
  maxSeconds: 600,
};

beforeEach(() => {
  ec2.reset();
  ssm.reset();
  ssm.on(SendCommandCommand).resolves({ Command: { CommandId: 'command-1' } });
});

const sent = () => {
  const { Parameters, ...rest } = ssm.commandCalls(SendCommandCommand)[0]!.args[0].input;
  return { ...rest, command: decodeWorkerCommand(Parameters!.request![0]!) };
};

describe('Configure Worker', () => {
  it('sends its command to the one instance, by the document', async () => {
    const answer = await configureWorker({ ...liveSlot, taskToken: 'token+/=', instanceId }, deps);

    expect(answer).toEqual({ commandId: 'command-1', instanceId });
    expect(sent()).toEqual({
      DocumentName: 'worker-document',
      InstanceIds: [instanceId],
      TimeoutSeconds: 60,
      command: { version: 1, command: 'configure', ...addressed, instanceId },
    });
  });
});

describe('Process', () => {
  it('tells the worker its queue, its pipeline and its time', async () => {
    await processObjects(processing, deps);

    const { workerIndex: _index, attempt: _attempt, redriven: _redriven, ...told } = processing;
    expect(sent().command).toEqual({ version: 1, command: 'process', ...told });
  });

  it('sends as parameter what a shell leaves alone', async () => {
    await processObjects(processing, deps);

    const { input } = ssm.commandCalls(SendCommandCommand)[0]!.args[0];
    expect(input.Parameters?.request?.[0]).toMatch(/^[A-Za-z0-9_-]{1,16384}$/);
  });

  it('finds the worker lost that SSM does not know', async () => {
    const cause = awsError('InvalidInstanceId');
    ssm.on(SendCommandCommand).rejects(cause);

    await expect(processObjects(processing, deps)).rejects.toMatchObject({
      name: 'WorkerLostError',
      cause,
    });
  });

  it('leaves other errors of SSM alone', async () => {
    ssm.on(SendCommandCommand).rejects(awsError('InvalidDocument'));

    await expect(processObjects(processing, deps)).rejects.toMatchObject({
      name: 'InvalidDocument',
    });
  });
});

describe('Consolidate', () => {
  const ids = ['i-00000000000000000', 'i-00000000000000001', 'i-00000000000000002'];
  const workers = ids.map((id, workerIndex) => ({
    workerIndex,
    instanceId: id,
    grantToken: `grant-${workerIndex}`,
  }));
  const input = {
    ...liveRun,
    taskToken: 'token+/=',
    pipeline: 'vitals-summary',
    maxSeconds: 600,
    tolerateFailedObjects: 2,
    workers,
    retries: 0,
  };

  function alive(running: string[], online: string[]): void {
    ec2.on(DescribeInstancesCommand).resolves({
      Reservations: [
        {
          Instances: ids.map((InstanceId) => ({
            InstanceId,
            State: { Name: running.includes(InstanceId) ? 'running' : 'terminated' },
          })),
        },
      ],
    });
    ssm.on(DescribeInstanceInformationCommand).resolves({
      InstanceInformationList: ids.map((InstanceId) => ({
        InstanceId,
        PingStatus: online.includes(InstanceId) ? 'Online' : 'ConnectionLost',
      })),
    });
  }

  it('is given to a worker that runs and answers, with that worker’s own grant token', async () => {
    alive([ids[1]!, ids[2]!], [ids[0]!, ids[2]!]);

    await consolidate(input, { ...deps, ec2: new EC2Client({}) });

    expect(sent().command).toEqual({
      version: 1,
      command: 'consolidate',
      ...addressed,
      pipeline: 'vitals-summary',
      maxSeconds: 600,
      tolerateFailedObjects: 2,
      instanceId: ids[2],
      grantToken: 'grant-2',
    });
  });

  it.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 0],
  ])('asks after %i lost workers the next one in turn', async (retries, index) => {
    alive(ids, ids);

    const answer = await consolidate({ ...input, retries }, { ...deps, ec2: new EC2Client({}) });

    expect(answer.instanceId).toBe(ids[index]);
  });

  it('fails when no worker is alive', async () => {
    alive([ids[0]!], [ids[1]!]);

    await expect(consolidate(input, { ...deps, ec2: new EC2Client({}) })).rejects.toMatchObject({
      name: 'WorkerLostError',
      message: 'none of 3 workers is alive to consolidate',
    });
    expect(ssm).not.toHaveReceivedCommand(SendCommandCommand);
  });
});
