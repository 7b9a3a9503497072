import { describe, expect, test } from 'vitest';
import { TaskFailedError } from '../../../local/asl/failure.ts';
import type { Json } from '../../../local/asl/json.ts';
import type { TaskCall } from '../../../local/asl/runtime.ts';
import { runScripted } from '../../../local/asl/scripted.ts';
import { live, type World } from './crashing.ts';
import { detailsOf, FUNCTION, lines, machine, start, START } from './harness.ts';

const WORK = { Type: 'Task', Resource: FUNCTION, End: true };

function branch(states: Record<string, unknown>) {
  return { StartAt: Object.keys(states)[0], States: states };
}

/** Services that fail with these errors, one call after the other, and then return what they got. */
function failing(...errors: (string | undefined)[]) {
  const calls: TaskCall[] = [];
  const run = (call: TaskCall): Promise<Json> => {
    calls.push(call);
    const error = errors[calls.length - 1];
    return error === undefined
      ? Promise.resolve(call.parameters)
      : Promise.reject(new TaskFailedError({ error, cause: '' }));
  };
  return { calls, run };
}

describe('a redrive', () => {
  test('does the failed Task again in the state it entered, with its input and its variables', async () => {
    const { calls, run } = failing('Broken');
    const { execution, clock } = start(
      machine({
        Before: { Type: 'Pass', Assign: { kept: 7 }, Output: { made: true }, Next: 'Work' },
        Work: {
          ...WORK,
          Arguments: {
            input: '{% $states.input %}',
            kept: '{% $kept %}',
            redrives: '{% $states.context.Execution.RedriveCount %}',
            since: '{% $exists($states.context.Execution.RedriveTime) %}',
          },
        },
      }),
      { run },
    );
    await clock.runUntilIdle();
    const failed = await execution.done;
    await clock.advance(60_000);

    execution.redrive();
    await clock.runUntilIdle();

    expect(failed.status).toBe('FAILED');
    expect((await execution.done).status).toBe('SUCCEEDED');
    expect(calls.map(({ parameters }) => parameters)).toEqual([
      { input: { made: true }, kept: 7, redrives: 0, since: false },
      { input: { made: true }, kept: 7, redrives: 1, since: true },
    ]);
    expect(lines(execution.history).slice(3)).toEqual([
      '4<3 TaskStateEntered Work',
      '5<4 LambdaFunctionScheduled',
      '6<5 LambdaFunctionStarted',
      '7<6 LambdaFunctionFailed',
      '8<7 ExecutionFailed',
      '9<8 ExecutionRedriven',
      '10<4 LambdaFunctionScheduled',
      '11<10 LambdaFunctionStarted',
      '12<11 LambdaFunctionSucceeded',
      '13<12 TaskStateExited Work',
      '14<13 ExecutionSucceeded',
    ]);
    expect(detailsOf(execution.history[8])).toEqual({ redriveCount: 1 });
    expect(execution.redrives).toEqual({ count: 1, time: clock.now() });
  });

  test('fails again in a Fail state, which sees the redrive', async () => {
    const { execution, clock } = start(
      machine({
        Failed: {
          Type: 'Fail',
          Error: 'Batch',
          Cause: '{% "redrives: " & $states.context.Execution.RedriveCount %}',
        },
      }),
    );
    await clock.runUntilIdle();
    execution.redrive();
    await clock.runUntilIdle();
    execution.redrive();
    await clock.runUntilIdle();

    expect(await execution.done).toEqual({
      status: 'FAILED',
      error: 'Batch',
      cause: 'redrives: 2',
    });
  });

  test('chooses anew, so that a Choice may depend on it', async () => {
    const { execution, clock } = start(
      machine({
        'Redriven?': {
          Type: 'Choice',
          Choices: [
            { Condition: '{% $states.context.Execution.RedriveCount > 0 %}', Next: 'Done' },
          ],
        },
        Done: { Type: 'Succeed' },
      }),
    );
    await clock.runUntilIdle();
    const first = await execution.done;
    execution.redrive();
    await clock.runUntilIdle();

    expect(first.error).toBe('States.Runtime');
    expect((await execution.done).status).toBe('SUCCEEDED');
  });

  test('counts retries and the time of TimeoutSeconds from zero', async () => {
    const retry = [{ ErrorEquals: ['Busy'], IntervalSeconds: 10, MaxAttempts: 1 }];
    const { calls, run } = failing('Busy', 'Busy', 'Busy', undefined);
    const { execution, clock } = start(
      machine(
        {
          Work: { ...WORK, End: undefined, Retry: retry, Next: 'Sleep' },
          Sleep: { Type: 'Wait', Seconds: 50, End: true },
        },
        { TimeoutSeconds: 65 },
      ),
      { run },
    );
    await clock.advance(60_000);
    const failed = await execution.done;
    execution.redrive();
    await clock.runUntilIdle();

    expect(failed).toMatchObject({ status: 'FAILED', error: 'Busy' });
    expect(calls).toHaveLength(4);
    expect((await execution.done).status).toBe('SUCCEEDED');
  });

  test.each([
    ['stopped', 'ABORTED'],
    ['timed out', 'TIMED_OUT'],
  ])('goes on with the Wait in which it %s', async (how, status) => {
    const { execution, clock } = start(
      machine({ Sleep: { Type: 'Wait', Seconds: 50, End: true } }, { TimeoutSeconds: 600 }),
    );
    await clock.advance(10_000);
    if (how === 'stopped') execution.abort('Operator');
    else execution.timeOut();
    const ended = await execution.done;

    execution.redrive();
    await clock.advance(49_000);
    const early = execution.history.length;
    await clock.advance(1000);

    expect(ended.status).toBe(status);
    expect(lines(execution.history)[early - 1]).toBe('4<3 ExecutionRedriven');
    expect(lines(execution.history).slice(early)).toEqual([
      '5<2 WaitStateExited Sleep',
      '6<5 ExecutionSucceeded',
    ]);
  });

  test('does nothing while the execution runs, and after it succeeded', async () => {
    const { execution, clock } = start(machine({ Sleep: { Type: 'Wait', Seconds: 5, End: true } }));
    execution.redrive();
    await clock.runUntilIdle();
    execution.redrive();
    await clock.runUntilIdle();

    expect(lines(execution.history).map((line) => line.split(' ')[1])).toEqual([
      'ExecutionStarted',
      'WaitStateEntered',
      'WaitStateExited',
      'ExecutionSucceeded',
    ]);
  });
});

test('a script says how often an execution that does not succeed is redriven', async () => {
  const { status, events } = await runScripted({
    definition: machine({ Work: WORK }),
    lambdas: {
      [FUNCTION]: {
        kind: 'sequence',
        steps: [{ kind: 'raise', errorType: 'Odd', errorMessage: 'once' }, { kind: 'echo' }],
      },
    },
    redrives: 3,
  });

  expect(status).toBe('SUCCEEDED');
  expect(events.filter(({ type }) => type === 'ExecutionRedriven')).toHaveLength(1);
});

describe('a redrive of a Map', () => {
  const MAP = {
    Type: 'Map',
    Items: [0, 1, 2, 3],
    MaxConcurrency: 3,
    ItemProcessor: {
      ProcessorConfig: { Mode: 'INLINE' },
      StartAt: 'Note',
      States: {
        Note: { Type: 'Pass', Assign: { own: '{% $states.input * 10 %}' }, Next: 'Work' },
        Work: { ...WORK, Output: '{% $own %}' },
      },
    },
    End: true,
  };

  /** The second iteration fails when the first has succeeded and the third is at work. */
  function world() {
    const calls: Json[] = [];
    const run = async ({ parameters, signal }: TaskCall): Promise<Json> => {
      calls.push(parameters);
      const isFirst = calls.filter((item) => item === parameters).length === 1;
      if (parameters === 0 && isFirst) return parameters;
      await clock.sleep(10_000, signal);
      if (parameters === 1 && isFirst) throw new TaskFailedError({ error: 'Broken' });
      if (parameters === 2 && isFirst) await clock.sleep(90_000, signal);
      return parameters;
    };
    const { execution, clock } = start(machine({ Each: { ...MAP } }), { run });
    return { calls, execution, clock };
  }

  test('keeps the iterations that succeeded, and goes on with those that failed or were cut', async () => {
    const { calls, execution, clock } = world();
    await clock.runUntilIdle();
    const failed = await execution.done;
    const before = execution.history.length;
    const called = calls.length;

    execution.redrive();
    await clock.runUntilIdle();

    expect(failed).toMatchObject({ status: 'FAILED', error: 'Broken' });
    expect(calls.slice(0, called).sort()).toEqual([0, 1, 2, 3]);
    expect(calls.slice(called).sort()).toEqual([1, 2, 3]);
    expect(await execution.done).toEqual({ status: 'SUCCEEDED', output: '[0,10,20,30]' });
    const after = lines(execution.history.slice(before)).map((line) => line.replace(/^\S+ /, ''));
    expect(after.filter((line) => /Entered|Started (?!$)|MapStateStarted/.test(line))).toEqual([]);
    expect(after.filter((line) => line.startsWith('MapIteration')).sort()).toEqual([
      'MapIterationSucceeded Each 1',
      'MapIterationSucceeded Each 2',
      'MapIterationSucceeded Each 3',
    ]);
    expect(after.slice(-3)).toEqual([
      'MapStateSucceeded',
      'MapStateExited Each',
      'ExecutionSucceeded',
    ]);
  });

  test('starts the iterations that had no place before', async () => {
    const { calls, run } = failing('Broken');
    const { execution, clock } = start(machine({ Each: { ...MAP, MaxConcurrency: 1 } }), { run });
    await clock.runUntilIdle();
    execution.redrive();
    await clock.runUntilIdle();

    expect(calls.map(({ parameters }) => parameters)).toEqual([0, 0, 1, 2, 3]);
    expect((await execution.done).output).toBe('[0,10,20,30]');
    expect(
      lines(execution.history).filter((line) => line.includes('MapIterationStarted')),
    ).toHaveLength(4);
  });

  test('evaluates its Output again when that was what failed', async () => {
    const { calls, run } = failing();
    const { execution, clock } = start(
      machine({
        Each: {
          ...MAP,
          Output: '{% $states.context.Execution.RedriveCount = 0 ? $error("x") : $states.result %}',
        },
      }),
      { run },
    );
    await clock.runUntilIdle();
    const failed = await execution.done;
    execution.redrive();
    await clock.runUntilIdle();

    expect(failed.error).toBe('States.QueryEvaluationError');
    expect(calls).toHaveLength(4);
    expect((await execution.done).output).toBe('[0,10,20,30]');
  });

  test('begins it anew when a retry of the whole Map follows', async () => {
    const { calls, run } = failing('Broken', 'Broken');
    const { execution, clock } = start(
      machine({
        Each: {
          ...MAP,
          MaxConcurrency: 1,
          Retry: [{ ErrorEquals: ['Broken'], MaxAttempts: 1, IntervalSeconds: 1 }],
        },
      }),
      { run },
    );
    await clock.runUntilIdle();
    const failed = await execution.done;
    const started = () =>
      lines(execution.history).filter((line) => line.includes('MapStateStarted')).length;
    const before = started();
    execution.redrive();
    await clock.runUntilIdle();

    expect(failed.error).toBe('Broken');
    expect([before, started()]).toEqual([2, 2]);
    expect(calls.map(({ parameters }) => parameters)).toEqual([0, 0, 0, 1, 2, 3]);
  });
});

test('a redrive of a Parallel keeps the output of the branch that ended, inside a Map as well', async () => {
  const { calls, run } = failing(undefined, 'Broken');
  const { execution, clock } = start(
    machine({
      Each: {
        Type: 'Map',
        Items: ['{% 1 + 1 %}'],
        ItemProcessor: {
          ProcessorConfig: { Mode: 'INLINE' },
          StartAt: 'Both',
          States: {
            Both: {
              Type: 'Parallel',
              Branches: [
                branch({ One: WORK }),
                branch({
                  Pause: { Type: 'Wait', Seconds: 1, Next: 'Two' },
                  Two: { ...WORK, Output: 'two' },
                }),
              ],
              End: true,
            },
          },
        },
        End: true,
      },
    }),
    { run },
  );
  await clock.runUntilIdle();
  execution.redrive();
  await clock.runUntilIdle();

  expect(calls.map(({ stateName }) => stateName)).toEqual(['One', 'Two', 'Two']);
  expect((await execution.done).output).toBe('[[2,"two"]]');
});

describe('a crash before, in and after a redrive', () => {
  const LIFE = machine({
    Each: {
      Type: 'Map',
      Items: [0, 1, 2],
      ItemProcessor: {
        ProcessorConfig: { Mode: 'INLINE' },
        StartAt: 'Work',
        States: { Work: { ...WORK, Output: '{% $states.context.Execution.RedriveTime %}' } },
      },
      Output: '{% [$states.result, $random()] %}',
      End: true,
    },
  });
  /** All answers of an hour come after half of it; in the first hour one of them is a failure. */
  const services = ({ until, clock }: World) => {
    return async ({ parameters }: TaskCall): Promise<Json> => {
      const hour = clock.now().getUTCHours() - START.getUTCHours();
      await until(hour * 3600 + 1800 + Number(parameters));
      if (parameters === 1 && hour === 0) throw new TaskFailedError({ error: 'Broken' });
      return parameters;
    };
  };
  const undisturbed = live(LIFE, services, [], undefined, 1);

  test('leaves the history as it is without one', async () => {
    const expected = await undisturbed;
    const types = expected.history.map(({ type }) => type);

    expect(expected.outcome.status).toBe('SUCCEEDED');
    expect(types.filter((type) => type === 'ExecutionRedriven')).toHaveLength(1);
    for (let k = 1; k < expected.entries.length; k++) {
      const crashed = await live(LIFE, services, [k], undefined, 1);
      expect(crashed.entries, `crash after entry ${k}`).toEqual(expected.entries);
      expect(crashed.outcome).toEqual(expected.outcome);
    }
  });
});
