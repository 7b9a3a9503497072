import { describe, expect, test } from 'vitest';
import { runScripted } from '../../../local/asl/scripted.ts';
import { detailsOf, lines, machine, start, START } from './harness.ts';

const END = { Type: 'Pass', End: true };

describe('Pass', () => {
  test('hands its input on when it has no Output', async () => {
    const { output } = await runScripted({ definition: machine({ A: END }), input: { a: [1] } });

    expect(output).toBe('{"a":[1]}');
  });

  test('evaluates Output and Assign before any variable changes', async () => {
    const definition = machine({
      A: { Type: 'Pass', Assign: { n: 1 }, Next: 'B' },
      B: {
        Type: 'Pass',
        Assign: { n: '{% $n + 1 %}', was: '{% $n %}' },
        Output: '{% $n %}',
        Next: 'C',
      },
      C: { ...END, Output: { before: '{% $states.input %}', n: '{% $n %}', was: '{% $was %}' } },
    });

    const { output } = await runScripted({ definition });

    expect(JSON.parse(output!)).toEqual({ before: 1, n: 2, was: 1 });
  });

  test('shows the context object AWS shows', async () => {
    const { execution, clock } = start(
      machine({ A: { ...END, Output: '{% $states.context %}' } }),
      {
        input: { batchId: 'b1' },
      },
    );

    await clock.runUntilIdle();

    expect(JSON.parse((await execution.done).output!)).toEqual({
      Execution: {
        Id: 'arn:aws:states:us-east-1:111111111111:execution:batch:run-1',
        Input: { batchId: 'b1' },
        Name: 'run-1',
        RedriveCount: 0,
        RoleArn: 'arn:aws:iam::111111111111:role/batch',
        StartTime: START.toISOString(),
      },
      State: { EnteredTime: START.toISOString(), Name: 'A' },
      StateMachine: {
        Id: 'arn:aws:states:us-east-1:111111111111:stateMachine:batch',
        Name: 'batch',
      },
    });
  });

  test('fails with an output of more than 256 KiB', async () => {
    const definition = machine({ A: { ...END, Output: "{% $pad('', 300000, 'x') %}" } });

    const { status, error, cause } = await runScripted({ definition });

    expect({ status, error, cause }).toEqual({
      status: 'FAILED',
      error: 'States.DataLimitExceeded',
      cause:
        "The state/task 'A' returned a result with a size exceeding the maximum number of bytes service limit.",
    });
  });
});

describe('Choice', () => {
  const definition = machine({
    C: {
      Type: 'Choice',
      Choices: [
        {
          Condition: '{% $states.input.size > 10 %}',
          Next: 'Big',
          Output: 'rule',
          Assign: { by: 'rule' },
        },
        { Condition: false, Next: 'Big' },
      ],
      Default: 'Small',
      Output: 'default',
      Assign: { by: 'default' },
    },
    Big: { ...END, Output: ['big', '{% $states.input %}', '{% $by %}'] },
    Small: { ...END, Output: ['small', '{% $states.input %}', '{% $by %}'] },
  });

  test.each([
    [11, ['big', 'rule', 'rule']],
    [10, ['small', 'default', 'default']],
  ])('with size %i takes the Output and Assign of where it goes', async (size, expected) => {
    const { output } = await runScripted({ definition, input: { size } });

    expect(JSON.parse(output!)).toEqual(expected);
  });

  test('fails on a condition that is no boolean, and names the rule', async () => {
    const { error, events } = await runScripted({
      definition: machine({
        C: { Type: 'Choice', Choices: [{ Condition: '{% 1 %}', Next: 'End' }] },
        End: END,
      }),
    });

    expect(error).toBe('States.QueryEvaluationError');
    expect(detailsOf(events[2])).toMatchObject({ location: 'Choices[0]/Condition', state: 'C' });
  });

  test('ends the execution when no rule matches and there is no Default', async () => {
    const { error, cause } = await runScripted({
      definition: machine({
        C: { Type: 'Choice', Choices: [{ Condition: false, Next: 'End' }] },
        End: END,
      }),
    });

    expect(error).toBe('States.Runtime');
    expect(cause).toBe(
      "An error occurred while executing the state 'C' (entered at the event id #2). " +
        'Failed to transition out of the state. The state does not point to a next state.',
    );
  });
});

describe('Wait', () => {
  test.each([
    ['Seconds', 90, 90],
    ['Seconds', '{% $states.input.pause %}', 30],
    ['Seconds', 0, 0],
    ['Timestamp', '2026-03-01T09:00:00Z', 3600],
    ['Timestamp', '{% $states.input.at %}', 60],
    ['Timestamp', '2020-01-01T00:00:00Z', 0],
  ])('for %s %j lets %i seconds pass', async (field, value, seconds) => {
    const { execution, clock } = start(
      machine({ W: { Type: 'Wait', [field]: value, End: true } }),
      {
        input: { pause: 30, at: '2026-03-01T08:01:00.000Z' },
      },
    );

    await clock.runUntilIdle();

    expect((await execution.done).status).toBe('SUCCEEDED');
    expect((clock.now().getTime() - START.getTime()) / 1000).toBe(seconds);
  });

  test.each([
    ['Seconds', '{% 1.5 %}'],
    ['Seconds', '{% -1 %}'],
    ['Seconds', "{% '1' %}"],
    ['Timestamp', "{% 'tomorrow' %}"],
  ])('fails on %s %s', async (field, value) => {
    const { error, events } = await runScripted({
      definition: machine({ W: { Type: 'Wait', [field]: value, End: true } }),
    });

    expect(error).toBe('States.QueryEvaluationError');
    expect(detailsOf(events[2])).toMatchObject({ location: field });
  });
});

describe('Succeed and Fail', () => {
  test('Succeed ends the execution with its Output', async () => {
    const { output, events } = await runScripted({
      definition: machine({ S: { Type: 'Succeed', Output: { ok: true } } }),
    });

    expect(output).toBe('{"ok":true}');
    expect(lines(events)).toEqual([
      '1<0 ExecutionStarted',
      '2<0 SucceedStateEntered S',
      '3<2 SucceedStateExited S',
      '4<3 ExecutionSucceeded',
    ]);
  });

  test('Fail ends it with the evaluated error and cause, and has no Exited event', async () => {
    const { status, error, cause, events } = await runScripted({
      definition: machine({
        F: { Type: 'Fail', Error: '{% $states.input.code %}', Cause: 'because' },
      }),
      input: { code: 'BatchFailedError' },
    });

    expect({ status, error, cause }).toEqual({
      status: 'FAILED',
      error: 'BatchFailedError',
      cause: 'because',
    });
    expect(lines(events).slice(1)).toEqual(['2<0 FailStateEntered F', '3<2 ExecutionFailed']);
  });

  test('Fail fails otherwise when its error is no text', async () => {
    const { error } = await runScripted({
      definition: machine({ F: { Type: 'Fail', Error: '{% 1 %}' } }),
    });

    expect(error).toBe('States.QueryEvaluationError');
  });
});
