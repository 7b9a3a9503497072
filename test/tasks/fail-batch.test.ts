import { SendTaskFailureCommand, SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { beforeEach, describe, expect, it } from 'vitest';
import { failBatch } from '../../tasks/fail-batch/fail-batch.ts';
import { awsError } from './aws-error.ts';
import { liveRun } from './runs.ts';

const sfn = mockClient(SFNClient);
const input = {
  ...liveRun,
  taskToken: 'token',
  error: 'ObjectsFailedError',
  cause: '2 of 12 objects failed',
};
const fail = (changes: Partial<typeof input> = {}) =>
  failBatch({ ...input, ...changes }, { sfn: new SFNClient({}) });

beforeEach(() => {
  sfn.reset();
  sfn.on(SendTaskFailureCommand).resolves({});
  sfn.on(SendTaskSuccessCommand).resolves({});
});

describe('Fail Batch', () => {
  it('fails its own task with the error and the sentence of the batch', async () => {
    expect(await fail()).toEqual({ failed: true });

    expect(sfn).toHaveReceivedCommandExactlyOnceWith(SendTaskFailureCommand, {
      taskToken: 'token',
      error: 'ObjectsFailedError',
      cause: '2 of 12 objects failed',
    });
    expect(sfn).not.toHaveReceivedCommand(SendTaskSuccessCommand);
  });

  it('lets an execution go on that was redriven', async () => {
    expect(await fail({ redriven: true })).toEqual({ failed: false });

    expect(sfn).toHaveReceivedCommandExactlyOnceWith(SendTaskSuccessCommand, {
      taskToken: 'token',
      output: '{}',
    });
    expect(sfn).not.toHaveReceivedCommand(SendTaskFailureCommand);
  });

  it('cuts what is longer than Step Functions takes', async () => {
    await fail({ error: 'E'.repeat(300), cause: 'c'.repeat(40_000) });

    expect(sfn).toHaveReceivedCommandWith(SendTaskFailureCommand, {
      error: 'E'.repeat(256),
      cause: 'c'.repeat(32_768),
    });
  });

  it('fails when it cannot say so, and the execution with it', async () => {
    sfn.on(SendTaskFailureCommand).rejects(awsError('TaskTimedOut'));

    await expect(fail()).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });
});
