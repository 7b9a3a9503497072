import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startOrchestra, type Orchestra } from './orchestra.ts';
import { single } from './workflow-cloud.ts';

const started: Orchestra[] = [];
let orchestra: Orchestra;

async function start(left?: string): Promise<Orchestra> {
  const made = await startOrchestra(left);
  started.push(made);
  return made;
}

beforeEach(async () => {
  orchestra = await start();
});

afterEach(() => Promise.all(started.splice(0).map((one) => one.stop())));

const WORK = single({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: {
    FunctionName: 'work',
    Payload: { redrives: '{% $states.context.Execution.RedriveCount %}' },
  },
  Output: '{% $states.result.Payload %}',
});

async function begin(name: string, definition: object = WORK): Promise<string> {
  const stateMachineArn = await orchestra.machine(name, definition);
  const command = new StartExecutionCommand({ stateMachineArn, name: 'run' });
  const { executionArn } = await orchestra.sfn.send(command);
  await orchestra.clock.advance(0);
  return executionArn!;
}

/** Starts an execution whose function fails. */
async function fail(name: string): Promise<string> {
  const arn = await begin(name);
  (await orchestra.invocation('work')).throwError('Broken');
  await orchestra.clock.advance(0);
  return arn;
}

const redrive = (executionArn: string, clientToken?: string, sfn = orchestra.sfn) =>
  sfn.send(new RedriveExecutionCommand({ executionArn, clientToken }));

const describeIt = (executionArn: string, { sfn } = orchestra) =>
  sfn.send(new DescribeExecutionCommand({ executionArn }));

describe('RedriveExecution', () => {
  it('lets the same execution go on, and says so wherever it is described', async () => {
    const executionArn = await fail('again');
    const failed = await describeIt(executionArn);
    await orchestra.clock.advance(60_000);

    const { redriveDate } = await redrive(executionArn);
    const running = await describeIt(executionArn);
    const work = await orchestra.invocation('work', 1);
    work.answer('worked');
    await orchestra.clock.advance(0);

    expect(failed).toMatchObject({ redriveCount: 0, redriveStatus: 'REDRIVABLE' });
    expect(running).toMatchObject({
      status: 'RUNNING',
      redriveCount: 1,
      redriveDate,
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: 'Execution is RUNNING and cannot be redriven',
      startDate: failed.startDate,
    });
    expect([running.stopDate, running.error, running.cause]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(work.payload).toEqual({ redrives: 1 });
    expect(await describeIt(executionArn)).toMatchObject({
      status: 'SUCCEEDED',
      output: '"worked"',
      redriveCount: 1,
    });
    const stateMachineArn = running.stateMachineArn!;
    const { executions } = await orchestra.sfn.send(new ListExecutionsCommand({ stateMachineArn }));
    expect(executions![0]).toMatchObject({ redriveCount: 1, redriveDate });
  });

  it('tells the bus of every status, with the count and the date', async () => {
    const executionArn = await fail('told');
    await redrive(executionArn);
    const redriven = orchestra.clock.now().getTime();
    (await orchestra.invocation('work', 1)).throwError('Broken');
    await orchestra.clock.advance(0);

    expect(orchestra.told).toEqual(['RUNNING', 'FAILED', 'RUNNING', 'FAILED']);
    expect(
      orchestra.details.map(({ redriveCount, redriveDate, stopDate }) => [
        redriveCount,
        redriveDate,
        stopDate,
      ]),
    ).toEqual([
      [0, null, null],
      [0, null, redriven],
      [1, redriven, null],
      [1, redriven, redriven],
    ]);
  });

  it('can be repeated, and writes how often it happened into the log', async () => {
    const executionArn = await begin('logged', {
      ...single({ Type: 'Fail', Error: 'Broken', End: undefined }),
    });
    await redrive(executionArn);
    await orchestra.clock.advance(0);
    await redrive(executionArn);
    await orchestra.clock.advance(0);

    expect(orchestra.history(executionArn)).toEqual([
      '1 ExecutionStarted',
      '2 FailStateEntered',
      '3 ExecutionFailed',
      '4 ExecutionRedriven',
      '5 ExecutionFailed',
      '6 ExecutionRedriven',
      '7 ExecutionFailed',
    ]);
    expect(orchestra.logLines.map(({ redrive_count }) => redrive_count)).toEqual([
      '0',
      '0',
      '0',
      '1',
      '1',
      '2',
      '2',
    ]);
    expect((await describeIt(executionArn)).redriveCount).toBe(2);
  });

  it('is one redrive for one client token within 15 minutes', async () => {
    const executionArn = await fail('token');
    const first = await redrive(executionArn, 'once');
    await orchestra.clock.advance(60_000);
    const second = await redrive(executionArn, 'once');
    await orchestra.states.restart();
    const third = await redrive(executionArn, 'once');
    (await orchestra.invocation('work', 2)).throwError('Broken');
    await orchestra.clock.advance(15 * 60_000);
    const later = await redrive(executionArn, 'once');

    expect([second.redriveDate, third.redriveDate]).toEqual([first.redriveDate, first.redriveDate]);
    expect(later.redriveDate).not.toEqual(first.redriveDate);
    expect((await describeIt(executionArn)).redriveCount).toBe(2);
  });

  it('is refused while the execution runs, after it succeeded, and after 14 days', async () => {
    const running = await begin('running');
    const succeeded = await begin('succeeded', single({ Type: 'Pass' }));
    const old = await begin('old', single({ Type: 'Wait', Seconds: 9_000_000 }));
    await orchestra.sfn.send(new StopExecutionCommand({ executionArn: old }));

    await expect(redrive(running)).rejects.toMatchObject({
      name: 'ExecutionNotRedrivable',
      message: 'Execution is RUNNING and cannot be redriven',
    });
    await expect(redrive(succeeded)).rejects.toMatchObject({
      message: 'Execution is SUCCEEDED and cannot be redriven',
    });
    await orchestra.clock.advance(14 * 24 * 3_600_000 + 1000);
    // The session of two weeks ago is no longer valid.
    const later = orchestra.clientOf();
    await expect(redrive(old, undefined, later)).rejects.toMatchObject({
      message: 'Execution redrivable period exceeded',
    });
  });

  it('needs the permission states:RedriveExecution on the execution', async () => {
    const executionArn = await fail('denied');
    const client = async (Resource: string) => {
      const name = `on-${Resource.length}`;
      const allowed = { Action: 'states:RedriveExecution', Resource };
      return orchestra.clientOf(await orchestra.cloud.role(name, allowed));
    };

    const denied = redrive(executionArn, undefined, await client(`${executionArn}-not`));

    await expect(denied).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await redrive(executionArn, undefined, await client(executionArn));
    expect((await describeIt(executionArn)).status).toBe('RUNNING');
  });

  it('gives a redriven token task a new token; the old one stays closed', async () => {
    const executionArn = await begin(
      'tokens',
      single({
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Arguments: { FunctionName: 'work', Payload: { token: '{% $states.context.Task.Token %}' } },
      }),
    );
    const before = await orchestra.invocation('work');
    await orchestra.sfn.send(new StopExecutionCommand({ executionArn }));
    await redrive(executionArn);
    const after = await orchestra.invocation('work', 1);
    const answer = (token: unknown) =>
      orchestra.sfn.send(new SendTaskSuccessCommand({ taskToken: String(token), output: '1' }));

    await expect(answer(before.payload.token)).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await answer(after.payload.token);
    await orchestra.clock.advance(0);
    expect((await describeIt(executionArn)).status).toBe('SUCCEEDED');
  });
});

describe('a redrive after a crash', () => {
  it('goes on with an execution that failed in the process before', async () => {
    const executionArn = await fail('before');
    const second = await start(orchestra.cloud.directory);
    await second.machine('before', WORK);

    await redrive(executionArn, undefined, second.sfn);
    (await second.invocation('work')).answer('worked');
    await second.clock.advance(0);

    expect(second.invocations.map(({ payload }) => payload)).toEqual([{ redrives: 1 }]);
    expect(second.told).toEqual(['RUNNING', 'SUCCEEDED']);
    expect(await describeIt(executionArn, second)).toMatchObject({ redriveCount: 1 });
    const third = await start(second.cloud.directory);
    await third.machine('before', WORK);
    expect(await describeIt(executionArn, third)).toMatchObject({
      status: 'SUCCEEDED',
      redriveCount: 1,
    });
  });

  it('keeps a redriven execution running through a restart', async () => {
    const executionArn = await fail('through');
    await redrive(executionArn);
    await orchestra.invocation('work', 1);

    await orchestra.states.restart();
    (await orchestra.invocation('work', 2)).answer('worked');
    await orchestra.clock.advance(0);

    expect(await describeIt(executionArn)).toMatchObject({ status: 'SUCCEEDED', redriveCount: 1 });
    expect(orchestra.told).toEqual(['RUNNING', 'FAILED', 'RUNNING', 'SUCCEEDED']);
  });
});
