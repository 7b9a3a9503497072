import { describe, expect, test } from 'vitest';
import { newSeed, seededToken } from '../../../local/asl/seed.ts';
import type { TaskCall } from '../../../local/asl/runtime.ts';
import { detailsOf, lines, machine, start, START, typesOf } from './harness.ts';

const WAIT_FOR_TOKEN = 'arn:aws:states:::lambda:invoke.waitForTaskToken';
const TASK = {
  Type: 'Task',
  Resource: WAIT_FOR_TOKEN,
  Arguments: { FunctionName: 'process', Payload: { token: '{% $states.context.Task.Token %}' } },
  End: true,
};

/** Starts one token task and waits until its token is out. */
async function submit(fields: Record<string, unknown> = {}, states: Record<string, unknown> = {}) {
  const calls: TaskCall[] = [];
  const started = start(machine({ Process: { ...TASK, ...fields }, ...states }), {
    run: (call) => {
      calls.push(call);
      return Promise.resolve({ StatusCode: 200 });
    },
  });
  await started.clock.advance(0);
  const token = (): string => calls.at(-1)?.taskToken ?? '';
  return { ...started, calls, token };
}

describe('a Task that waits for its token', () => {
  test('shows the token in its Arguments, and ends with the answer given to it', async () => {
    const { execution, tokens, token, calls } = await submit();

    tokens.sendTaskSuccess(token(), '{"objects":3}');

    expect(await execution.done).toEqual({ status: 'SUCCEEDED', output: '{"objects":3}' });
    expect(calls[0]?.parameters).toEqual({ FunctionName: 'process', Payload: { token: token() } });
    expect(lines(execution.history)).toEqual([
      '1<0 ExecutionStarted',
      '2<0 TaskStateEntered Process',
      '3<2 TaskScheduled',
      '4<3 TaskStarted',
      '5<4 TaskSubmitted',
      '6<5 TaskSucceeded',
      '7<6 TaskStateExited Process',
      '8<7 ExecutionSucceeded',
    ]);
  });

  test('fails with the failure sent to it', async () => {
    const { execution, tokens, token } = await submit();

    tokens.sendTaskFailure(token(), { error: 'ScratchFullError', cause: 'no space' });

    expect(await execution.done).toEqual({
      status: 'FAILED',
      error: 'ScratchFullError',
      cause: 'no space',
    });
  });

  test('shows null to a catcher for what a failure does not say', async () => {
    const { execution, tokens, token, clock } = await submit(
      { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] },
      { Caught: { Type: 'Pass', End: true } },
    );

    tokens.sendTaskFailure(token(), {});
    await clock.runUntilIdle();

    expect((await execution.done).output).toBe('{"Error":null,"Cause":null}');
  });

  test('takes an answer that arrives before the request returns, and submits nothing', async () => {
    let token = '';
    const { execution, tokens, clock } = start(machine({ Process: TASK }), {
      run: ({ taskToken = '' }) => {
        token = taskToken;
        return new Promise(() => undefined);
      },
    });
    await clock.advance(0);

    tokens.sendTaskSuccess(token, '1');

    expect((await execution.done).output).toBe('1');
    expect(typesOf(execution.history)).not.toContain('TaskSubmitted');
  });

  test('gets a new token for every attempt', async () => {
    const { execution, tokens, token, clock, calls } = await submit({
      Retry: [{ ErrorEquals: ['ScratchFullError'], IntervalSeconds: 1 }],
    });
    const first = token();

    tokens.sendTaskFailure(first, { error: 'ScratchFullError' });
    await clock.advance(1_000);
    tokens.sendTaskSuccess(token(), '"second"');

    expect((await execution.done).output).toBe('"second"');
    expect(calls).toHaveLength(2);
    expect(token()).not.toBe(first);
  });
});

describe('HeartbeatSeconds', () => {
  test('fails a silent task the way AWS records it: as States.Timeout', async () => {
    const { execution, clock } = await submit({ HeartbeatSeconds: 5, TimeoutSeconds: 600 });

    await clock.runUntilIdle();

    expect(await execution.done).toEqual({ status: 'FAILED', error: 'States.Timeout' });
    expect(clock.now().getTime() - START.getTime()).toBe(5_000);
    expect(detailsOf(execution.history[2])).toMatchObject({
      heartbeatInSeconds: 5,
      timeoutInSeconds: 600,
    });
    expect(detailsOf(execution.history[5])).toEqual({
      error: 'States.Timeout',
      resource: 'invoke.waitForTaskToken',
      resourceType: 'lambda',
    });
  });

  test('keeps a task alive as long as heartbeats come', async () => {
    const { execution, tokens, token, clock } = await submit({ HeartbeatSeconds: 5 });

    for (let beat = 0; beat < 10; beat++) {
      await clock.advance(4_000);
      tokens.sendTaskHeartbeat(token());
    }
    tokens.sendTaskSuccess(token(), '"alive"');

    expect((await execution.done).output).toBe('"alive"');
  });

  test('counts from the last heartbeat', async () => {
    const { execution, tokens, token, clock } = await submit({ HeartbeatSeconds: 5 });

    await clock.advance(3_000);
    tokens.sendTaskHeartbeat(token());
    await clock.runUntilIdle();

    expect((await execution.done).error).toBe('States.Timeout');
    expect(clock.now().getTime() - START.getTime()).toBe(8_000);
  });

  test.each(['States.HeartbeatTimeout', 'States.Timeout', 'States.ALL'])(
    'is caught as %s',
    async (name) => {
      const { execution, clock } = await submit(
        { HeartbeatSeconds: '{% 2 + 3 %}', Catch: [{ ErrorEquals: [name], Next: 'Caught' }] },
        { Caught: { Type: 'Pass', Output: 'caught', End: true } },
      );

      await clock.runUntilIdle();

      expect((await execution.done).output).toBe('"caught"');
    },
  );

  test('is not caught as States.TaskFailed, and a plain timeout not as States.HeartbeatTimeout', async () => {
    const silent = await submit(
      { HeartbeatSeconds: 5, Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'Caught' }] },
      { Caught: { Type: 'Pass', End: true } },
    );
    const slow = await submit(
      { TimeoutSeconds: 5, Catch: [{ ErrorEquals: ['States.HeartbeatTimeout'], Next: 'Caught' }] },
      { Caught: { Type: 'Pass', End: true } },
    );

    await silent.clock.runUntilIdle();
    await slow.clock.runUntilIdle();

    expect((await silent.execution.done).status).toBe('FAILED');
    expect((await slow.execution.done).status).toBe('FAILED');
  });
});

describe('a token', () => {
  const unknown = seededToken(newSeed(), 0);

  test.each([
    ['no token at all', 'hello', 'InvalidToken'],
    ['one that was never handed out', unknown, 'TaskDoesNotExist'],
  ])('%s is refused as %s', async (_title, token, code) => {
    const { tokens } = await submit();

    expect(() => tokens.sendTaskSuccess(token, '1')).toThrow(
      expect.objectContaining({ name: code }),
    );
    expect(() => tokens.sendTaskFailure(token, {})).toThrow(
      expect.objectContaining({ name: code }),
    );
    expect(() => tokens.sendTaskHeartbeat(token)).toThrow(expect.objectContaining({ name: code }));
  });

  test('is over once it was answered', async () => {
    const { tokens, token } = await submit();

    tokens.sendTaskSuccess(token(), '1');

    expect(() => tokens.sendTaskSuccess(token(), '1')).toThrow(
      expect.objectContaining({ name: 'TaskTimedOut' }),
    );
  });

  test('is over once its task timed out', async () => {
    const { tokens, token, clock } = await submit({ TimeoutSeconds: 1 });

    await clock.runUntilIdle();

    expect(() => tokens.sendTaskHeartbeat(token())).toThrow(
      expect.objectContaining({ name: 'TaskTimedOut' }),
    );
  });

  test('is over once its execution was stopped', async () => {
    const { tokens, token, clock, execution } = await submit();

    execution.abort();
    await clock.runUntilIdle();

    expect(() => tokens.sendTaskHeartbeat(token())).toThrow(
      expect.objectContaining({ name: 'TaskTimedOut' }),
    );
  });

  test('stays open when the output sent to it is no JSON or too large', async () => {
    const { tokens, token, execution } = await submit();

    expect(() => tokens.sendTaskSuccess(token(), '{')).toThrow(
      expect.objectContaining({ name: 'InvalidOutput' }),
    );
    expect(() => tokens.sendTaskSuccess(token(), `"${'x'.repeat(262_144)}"`)).toThrow(
      expect.objectContaining({ name: 'InvalidOutput' }),
    );
    tokens.sendTaskSuccess(token(), '"ok"');

    expect((await execution.done).output).toBe('"ok"');
  });
});
