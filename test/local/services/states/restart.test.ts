import {
  DescribeExecutionCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startOrchestra, type Orchestra } from './orchestra.ts';
import { single } from './workflow-cloud.ts';

let orchestra: Orchestra;

beforeEach(async () => {
  orchestra = await startOrchestra();
});

afterEach(() => orchestra.stop());

const INVOKE = 'arn:aws:states:::lambda:invoke';
const task = (FunctionName: string, fields: object = {}) => ({
  Type: 'Task',
  Resource: INVOKE,
  Arguments: { FunctionName, Payload: '{% $states.input %}' },
  Output: '{% $states.result.Payload %}',
  ...fields,
});
const tokenTask = (FunctionName: string, fields: object = {}) => ({
  Type: 'Task',
  Resource: `${INVOKE}.waitForTaskToken`,
  Arguments: { FunctionName, Payload: { token: '{% $states.context.Task.Token %}' } },
  ...fields,
});

async function begin(name: string, definition: object, input: unknown = {}): Promise<string> {
  const stateMachineArn = await orchestra.machine(name, definition);
  const { executionArn } = await orchestra.sfn.send(
    new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input), name: 'run' }),
  );
  return executionArn!;
}

const describeIt = (executionArn: string) =>
  orchestra.sfn.send(new DescribeExecutionCommand({ executionArn }));

const succeed = (taskToken: unknown, output: unknown) =>
  orchestra.sfn.send(
    new SendTaskSuccessCommand({ taskToken: String(taskToken), output: JSON.stringify(output) }),
  );

const settled = () => orchestra.clock.advance(0);

describe('a restart while a function runs', () => {
  it('invokes it again, and takes only the answer of the new invocation', async () => {
    const arn = await begin('in-flight', single(task('work')));
    const before = await orchestra.invocation('work');

    await orchestra.states.restart();
    const after = await orchestra.invocation('work', 1);
    before.answer('from before the crash');
    await settled();
    const meanwhile = await describeIt(arn);
    after.answer('from after it');
    await settled();

    expect(meanwhile.status).toBe('RUNNING');
    expect(await describeIt(arn)).toMatchObject({
      status: 'SUCCEEDED',
      output: '"from after it"',
    });
    expect(orchestra.history(arn)).toEqual([
      '1 ExecutionStarted',
      '2 TaskStateEntered',
      '3 TaskScheduled',
      '4 TaskStarted',
      '5 TaskSucceeded',
      '6 TaskStateExited',
      '7 ExecutionSucceeded',
    ]);
    expect(orchestra.told).toEqual(['RUNNING', 'SUCCEEDED']);
  });

  it('goes on waiting for the time that the Task has left', async () => {
    const arn = await begin('left', single(task('work', { TimeoutSeconds: 100 })));
    await orchestra.invocation('work');
    await orchestra.clock.advance(60_000);

    await orchestra.states.restart();
    await orchestra.clock.advance(39_000);
    const early = await describeIt(arn);
    await orchestra.clock.advance(1000);

    expect(early.status).toBe('RUNNING');
    expect(await describeIt(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });
});

describe('a restart while a token is out', () => {
  it('gives the same token again when the request had not come back', async () => {
    const arn = await begin('unsubmitted', single(tokenTask('launch')));
    const before = await orchestra.invocation('launch');

    await orchestra.states.restart();
    const after = await orchestra.invocation('launch', 1);
    after.answer('on it');
    await settled();
    await succeed(before.payload.token, 'done');
    await settled();

    expect(after.payload).toEqual(before.payload);
    expect(await describeIt(arn)).toMatchObject({ status: 'SUCCEEDED', output: '"done"' });
    expect(orchestra.history(arn)).toContain('5 TaskSubmitted');
  });

  it('does not ask again when it had, and the worker answers with the token it has', async () => {
    const arn = await begin('submitted', single(tokenTask('launch')));
    const launch = await orchestra.invocation('launch');
    launch.answer('on it');
    await settled();

    await orchestra.states.restart();
    await succeed(launch.payload.token, 'done');
    await settled();

    expect(orchestra.invocations).toHaveLength(1);
    expect(await describeIt(arn)).toMatchObject({ status: 'SUCCEEDED', output: '"done"' });
  });

  it('counts the silence from the last heartbeat before the crash', async () => {
    const arn = await begin('beating', single(tokenTask('launch', { HeartbeatSeconds: 60 })));
    const launch = await orchestra.invocation('launch');
    launch.answer('on it');
    await orchestra.clock.advance(50_000);
    const taskToken = String(launch.payload.token);
    await orchestra.sfn.send(new SendTaskHeartbeatCommand({ taskToken }));
    await orchestra.clock.advance(20_000);

    await orchestra.states.restart();
    await orchestra.clock.advance(39_000);
    const early = await describeIt(arn);
    await orchestra.clock.advance(1000);

    expect(early.status).toBe('RUNNING');
    expect(await describeIt(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });

  it('lets an answer that comes meanwhile wait until the execution is there again', async () => {
    const arn = await begin('meanwhile', single(tokenTask('launch')));
    const launch = await orchestra.invocation('launch');
    launch.answer('on it');
    await settled();

    await Promise.all([orchestra.states.restart(), succeed(launch.payload.token, 'done')]);
    await settled();

    expect(await describeIt(arn)).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('still refuses a second answer', async () => {
    await begin('answered', {
      StartAt: 'First',
      States: {
        First: { ...tokenTask('launch'), Next: 'Second' },
        Second: { ...task('work'), End: true },
      },
    });
    const launch = await orchestra.invocation('launch');
    launch.answer('on it');
    await settled();
    await succeed(launch.payload.token, {});
    await orchestra.invocation('work');

    await orchestra.states.restart();

    await expect(succeed(launch.payload.token, 'again')).rejects.toMatchObject({
      name: 'TaskTimedOut',
    });
  });
});

describe('a restart', () => {
  it('keeps the time of a Wait and of a retry', async () => {
    const retry = { ErrorEquals: ['Busy'], IntervalSeconds: 30, MaxAttempts: 1 };
    const arn = await begin('times', {
      StartAt: 'Sleep',
      States: {
        Sleep: { Type: 'Wait', Seconds: 100, Next: 'Work' },
        Work: { ...task('work', { Retry: [retry] }), End: true },
      },
    });
    await orchestra.clock.advance(70_000);
    await orchestra.states.restart();
    await orchestra.clock.advance(29_000);
    const early = orchestra.invocations.length;
    await orchestra.clock.advance(1000);
    (await orchestra.invocation('work')).throwError('Busy');
    await orchestra.clock.advance(20_000);
    await orchestra.states.restart();
    await orchestra.clock.advance(10_000);
    (await orchestra.invocation('work', 1)).answer('worked');
    await settled();

    expect(early).toBe(0);
    expect(await describeIt(arn)).toMatchObject({ status: 'SUCCEEDED', output: '"worked"' });
  });

  it('finds three iterations of a Map where each of them was', async () => {
    const arn = await begin(
      'map',
      single({
        Type: 'Map',
        Items: [{ is: 'done' }, { is: 'running' }, { is: 'sleeping' }],
        ItemProcessor: {
          ProcessorConfig: { Mode: 'INLINE' },
          StartAt: 'Work',
          States: {
            Work: { ...task('work', { Assign: { item: '{% $states.input %}' } }), Next: 'Sleep' },
            Sleep: { Type: 'Wait', Seconds: 60, Output: '{% $item %}', End: true },
          },
        },
      }),
    );
    (await orchestra.invocation('work', 0)).answer('a');
    await settled();
    await orchestra.clock.advance(60_000);
    (await orchestra.invocation('work', 2)).answer('c');
    await settled();
    await orchestra.clock.advance(30_000);

    await orchestra.states.restart();
    const again = await orchestra.invocation('work', 3);
    again.answer('b');
    await settled();
    await orchestra.clock.advance(60_000);

    expect(again.payload).toEqual((await orchestra.invocation('work', 1)).payload);
    expect(orchestra.invocations).toHaveLength(4);
    const { output } = await describeIt(arn);
    expect(JSON.parse(output!)).toEqual([{ is: 'done' }, { is: 'running' }, { is: 'sleeping' }]);
  });

  it('goes on in the state that a catcher named', async () => {
    const arn = await begin('caught', {
      StartAt: 'Work',
      States: {
        Work: {
          ...task('work', { Catch: [{ ErrorEquals: ['Broken'], Next: 'Clean Up' }] }),
          End: true,
        },
        'Clean Up': { ...task('clean'), Next: 'Failed' },
        Failed: { Type: 'Fail', Error: 'Broken' },
      },
    });
    (await orchestra.invocation('work')).throwError('Broken');
    await orchestra.invocation('clean');

    await orchestra.states.restart();
    (await orchestra.invocation('clean', 1)).answer({});
    await settled();

    expect(await describeIt(arn)).toMatchObject({ status: 'FAILED', error: 'Broken' });
    expect(orchestra.invocations.map(({ name }) => name)).toEqual(['work', 'clean', 'clean']);
  });

  it('may follow upon another one at once', async () => {
    const arn = await begin('twice', single(task('work')));
    await orchestra.invocation('work');

    await Promise.all([orchestra.states.restart(), orchestra.states.restart()]);
    await orchestra.states.restart();
    const last = orchestra.invocations.at(-1)!;
    last.answer('worked');
    await settled();

    expect(await describeIt(arn)).toMatchObject({ status: 'SUCCEEDED', output: '"worked"' });
    expect(orchestra.told).toEqual(['RUNNING', 'SUCCEEDED']);
  });

  it('leaves executions that have ended as they are', async () => {
    const arn = await begin('over', single({ Type: 'Pass' }));
    await settled();
    const before = await describeIt(arn);

    await orchestra.states.restart();

    const { $metadata: _before, ...description } = before;
    expect(await describeIt(arn)).toMatchObject(description);
    expect(orchestra.told).toEqual(['RUNNING', 'SUCCEEDED']);
  });

  it('is waited for by what needs the execution: time-out and stop', async () => {
    const slow = { ...single(task('work')), TimeoutSeconds: 600 };
    const late = await begin('late', slow);
    const stopped = await begin('stopped', slow);
    await orchestra.invocation('work', 1);

    const restarted = orchestra.states.restart();
    await orchestra.states.timeOut(late);
    await orchestra.sfn.send(new StopExecutionCommand({ executionArn: stopped }));
    await restarted;

    expect((await describeIt(late)).status).toBe('TIMED_OUT');
    expect((await describeIt(stopped)).status).toBe('ABORTED');
    expect(orchestra.told).toEqual(['RUNNING', 'RUNNING', 'TIMED_OUT', 'ABORTED']);
  });
});

describe('an execution whose time is let be over', () => {
  it('times out as it would by itself, and tells the bus', async () => {
    const arn = await begin('timed', { ...single(task('work')), TimeoutSeconds: 3600 });
    await orchestra.invocation('work');

    await orchestra.states.timeOut(arn);

    expect(await describeIt(arn)).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
    expect(orchestra.history(arn).at(-1)).toBe('5 ExecutionTimedOut');
    expect(orchestra.told).toEqual(['RUNNING', 'TIMED_OUT']);
  });

  it('is refused where no TimeoutSeconds is set, and once it has ended', async () => {
    const endless = await begin('endless', single(task('work')));
    const over = await begin('ended', { ...single({ Type: 'Pass' }), TimeoutSeconds: 3600 });
    await settled();

    await expect(orchestra.states.timeOut(endless)).rejects.toThrow('sets no TimeoutSeconds');
    await expect(orchestra.states.timeOut(over)).rejects.toThrow('is SUCCEEDED');
  });
});
