import { describe, expect, test } from 'vitest';
import { TaskFailedError } from '../../../local/asl/failure.ts';
import type { TaskCall } from '../../../local/asl/runtime.ts';
import { runScripted } from '../../../local/asl/scripted.ts';
import { detailsOf, FUNCTION, lines, machine, start, START, typesOf } from './harness.ts';

const INVOKE = 'arn:aws:states:::lambda:invoke';
const TASK = { Type: 'Task', Resource: FUNCTION, End: true };

function secondsSinceStart(now: Date): number {
  return (now.getTime() - START.getTime()) / 1000;
}

/** A service that never answers and tells when nobody waits any more. */
function deafService() {
  const calls: TaskCall[] = [];
  return {
    calls,
    run: (call: TaskCall): Promise<never> => {
      calls.push(call);
      return new Promise(() => undefined);
    },
  };
}

describe('a Task', () => {
  test('passes its evaluated Arguments to the runner, and its input when it has none', async () => {
    const calls: unknown[] = [];
    const { clock } = start(
      machine({
        A: {
          Type: 'Task',
          Resource: INVOKE,
          Arguments: { Payload: '{% $states.input.n %}' },
          Next: 'B',
        },
        B: TASK,
      }),
      {
        input: { n: 1 },
        run: ({ resource, parameters, stateName, taskToken }) => {
          calls.push({ resource, parameters, stateName, taskToken });
          return Promise.resolve({ Payload: 2 });
        },
      },
    );

    await clock.runUntilIdle();

    expect(calls).toEqual([
      { resource: INVOKE, parameters: { Payload: 1 }, stateName: 'A', taskToken: undefined },
      { resource: FUNCTION, parameters: { Payload: 2 }, stateName: 'B', taskToken: undefined },
    ]);
  });

  test('makes its Output from its result', async () => {
    const { output } = await runScripted({
      definition: machine({ A: { ...TASK, Output: '{% $states.input.n + $states.result.n %}' } }),
      input: { n: 1 },
      lambdas: { [FUNCTION]: { kind: 'constant', value: { n: 41 } } },
    });

    expect(output).toBe('42');
  });

  test("fails with the runner's error and cause", async () => {
    const { execution, clock } = start(machine({ A: TASK }), {
      run: () => Promise.reject(new TaskFailedError({ error: 'WorkerLostError', cause: 'gone' })),
    });

    await clock.runUntilIdle();

    expect(await execution.done).toEqual({
      status: 'FAILED',
      error: 'WorkerLostError',
      cause: 'gone',
    });
    expect(detailsOf(execution.history[4])).toEqual({ error: 'WorkerLostError', cause: 'gone' });
  });

  test('fails, and can be caught, when the runner itself breaks, without showing its message', async () => {
    const { execution, clock } = start(
      machine({
        A: { ...TASK, Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'B' }] },
        B: { Type: 'Pass', End: true },
      }),
      { run: () => Promise.reject(new RangeError('patient 17')) },
    );

    await clock.runUntilIdle();

    expect(JSON.parse((await execution.done).output!)).toEqual({
      Error: 'States.TaskFailed',
      Cause: `The runner of ${FUNCTION} broke down: RangeError`,
    });
  });

  test('fails before it calls anything when its Arguments cannot be evaluated', async () => {
    const service = deafService();
    const { execution, clock } = start(
      machine({ A: { ...TASK, Arguments: { x: '{% $nothing %}' } } }),
      service,
    );

    await clock.runUntilIdle();

    expect((await execution.done).error).toBe('States.QueryEvaluationError');
    expect(service.calls).toHaveLength(0);
    expect(detailsOf(execution.history[2])).toMatchObject({ location: 'Arguments/x', state: 'A' });
  });
});

describe('TimeoutSeconds', () => {
  test.each([
    ['a number', 7],
    ['an expression', '{% $states.input.limit + 2 %}'],
  ])('given by %s ends the wait and tells the runner', async (_kind, TimeoutSeconds) => {
    const service = deafService();
    const { execution, clock } = start(machine({ A: { ...TASK, TimeoutSeconds } }), {
      ...service,
      input: { limit: 5 },
    });

    await clock.runUntilIdle();

    expect(await execution.done).toEqual({ status: 'FAILED', error: 'States.Timeout' });
    expect(secondsSinceStart(clock.now())).toBe(7);
    expect(service.calls[0]?.signal.aborted).toBe(true);
    expect(lines(execution.history).slice(2)).toEqual([
      '3<2 LambdaFunctionScheduled',
      '4<3 LambdaFunctionStarted',
      '5<4 LambdaFunctionTimedOut',
      '6<5 ExecutionFailed',
    ]);
    expect(detailsOf(execution.history[2])).toMatchObject({ timeoutInSeconds: 7 });
  });

  test('records nothing of an answer that comes later', async () => {
    const { events } = await runScripted({
      definition: machine({
        A: { ...TASK, TimeoutSeconds: 1, Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'W' }] },
        W: { Type: 'Wait', Seconds: 60, End: true },
      }),
      lambdas: { [FUNCTION]: { kind: 'delay', ms: 5_000, then: { kind: 'echo' } } },
    });

    expect(typesOf(events)).not.toContain('LambdaFunctionSucceeded');
    expect(typesOf(events).at(-1)).toBe('ExecutionSucceeded');
  });

  test('leaves nothing to wait for once the task has answered', async () => {
    const { execution, clock } = start(machine({ A: { ...TASK, TimeoutSeconds: 3600 } }));

    await clock.runUntilIdle();

    expect((await execution.done).status).toBe('SUCCEEDED');
    expect(clock.now()).toEqual(START);
  });

  test.each(['{% 0 %}', '{% 1.5 %}', "{% 'soon' %}"])(
    'given by %s is refused',
    async (TimeoutSeconds) => {
      const { error, events } = await runScripted({
        definition: machine({ A: { ...TASK, TimeoutSeconds } }),
        lambdas: { [FUNCTION]: { kind: 'echo' } },
      });

      expect(error).toBe('States.QueryEvaluationError');
      expect(detailsOf(events[2])).toMatchObject({ location: 'TimeoutSeconds' });
    },
  );
});
