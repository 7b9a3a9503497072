import validateAsl from 'asl-validator';
import { describe, expect, it } from 'vitest';
import { parseDefinition } from '../../../local/asl/definition.ts';
import { checkDefinition, type CheckOptions } from '../../../workflow/checks/check-definition.ts';
import { branch, machine, task } from './machines.ts';

/**
 * Two published machines of this kind of system, as far as their fault goes, written anew: an instance
 * is launched, a command runs on it, its status is polled. Both are valid.
 */

const caught = (Next: string) => [{ ErrorEquals: ['States.ALL'], Next }];

/** Polls a command whose status is anything but `Success` for ever, although it has a way for failures. */
const pollsForEver = machine({
  'Send Command': task({
    Assign: { commandId: '{% $states.result.commandId %}' },
    Next: 'Wait For Command',
    Catch: caught('Command Failed'),
  }),
  'Wait For Command': { Type: 'Wait', Seconds: 30, Next: 'Look At Command' },
  'Look At Command': task({
    Arguments: { commandId: '{% $commandId %}' },
    Assign: { status: '{% $states.result.status %}' },
    Next: 'Command Done?',
    Catch: caught('Command Failed'),
  }),
  'Command Done?': {
    Type: 'Choice',
    Choices: [
      { Condition: "{% $status != 'Success' %}", Next: 'Wait For Command' },
      { Condition: "{% $status in ['Failed', 'TimedOut', 'Cancelled'] %}", Next: 'Tell Failure' },
    ],
    Default: 'Done',
  },
  'Tell Failure': task({ Next: 'Command Failed', Catch: caught('Command Failed') }),
  'Command Failed': { Type: 'Fail', Error: 'CommandFailed', Cause: 'The command failed.' },
  Done: { Type: 'Succeed' },
});

/**
 * Ends green when every command failed, because each iteration notes its failure and ends; and knows its
 * instance only from the launch's answer, so that a launch without one leaves it running.
 */
const endsGreenAndLeaks = machine({
  Launch: task({
    Arguments: { call: 'launch' },
    Assign: { instanceId: '{% $states.result.instanceId %}' },
    Next: 'Commands',
    Catch: caught('Terminate'),
  }),
  Commands: {
    Type: 'Map',
    Items: '{% $states.input.commands %}',
    ItemProcessor: branch({
      'Run Command': task({
        Arguments: { instanceId: '{% $instanceId %}' },
        End: true,
        Catch: caught('Note Failure'),
      }),
      'Note Failure': { Type: 'Pass', End: true },
    }),
    Next: 'Terminate',
  },
  Terminate: task({
    Arguments: { call: 'terminate', instanceId: '{% $instanceId %}' },
    Next: 'Done',
    Catch: caught('Done'),
  }),
  Done: { Type: 'Succeed' },
});

const options: CheckOptions = { throwableErrors: [] };
const launchOptions: CheckOptions = {
  ...options,
  launching: { states: ['Launch'] },
  terminating: { states: ['Terminate'] },
};

/** What is found, as `rule path`. */
const found = (definition: unknown, given: CheckOptions) =>
  checkDefinition(definition, given).map(({ rule, path }) => `${rule} ${path}`);

describe('the shapes of two published machines', () => {
  it.each([pollsForEver, endsGreenAndLeaks])('are valid', (definition) => {
    expect(validateAsl(definition)).toMatchObject({ isValid: true });
    expect(() => parseDefinition(definition)).not.toThrow();
  });

  it('are found out: an earlier rule hides the error branch, so that it polls for ever', () => {
    expect(found(pollsForEver, options)).toEqual([
      'unreachable-state /States/Tell Failure',
      'shadowed-rule /States/Command Done?/Choices[1]',
      'unbounded-loop /States/Wait For Command',
    ]);
  });

  it('are found out: green when every command failed, an instance that only lost state knows', () => {
    expect(found(endsGreenAndLeaks, launchOptions)).toEqual([
      'failure-ends-well /States/Launch/Catch[0]',
      'failure-ends-well /States/Terminate/Catch[0]',
      'failure-ends-well /States/Commands/ItemProcessor/States/Run Command/Catch[0]',
      'skipped-termination /States/Commands',
      'unassigned-variable /States/Terminate',
    ]);
  });

  it('are found out: an id that is passed from state to state instead of kept in a variable', () => {
    const passing = structuredClone(endsGreenAndLeaks) as {
      States: Record<string, Record<string, unknown>>;
    };
    Object.assign(passing.States.Launch!, { Assign: {}, Output: '{% $states.result %}' });
    passing.States.Terminate!.Arguments = { instanceId: '{% $states.input.instanceId %}' };

    expect(found(passing, launchOptions)).toContain('lost-input /States/Terminate');
  });

  it('pass once they are mended', () => {
    const states = structuredClone(pollsForEver) as {
      States: Record<string, Record<string, unknown>>;
    };
    states.States['Send Command']!.Assign = {
      commandId: '{% $states.result.commandId %}',
      polls: 0,
    };
    states.States['Command Done?'] = {
      Type: 'Choice',
      Choices: [
        { Condition: "{% $status = 'Success' %}", Next: 'Done' },
        {
          Condition: "{% $status in ['Pending', 'InProgress'] and $polls < 120 %}",
          Assign: { polls: '{% $polls + 1 %}' },
          Next: 'Wait For Command',
        },
      ],
      Default: 'Tell Failure',
    };
    const leaking = structuredClone(endsGreenAndLeaks) as {
      States: Record<string, Record<string, unknown>>;
    };
    const failed = { Type: 'Fail', Error: 'Failed', Cause: 'It failed.' };
    Object.assign(leaking.States, {
      Commands: {
        ...leaking.States.Commands,
        ItemProcessor: branch({
          'Run Command': task({ Arguments: { instanceId: '{% $instanceId %}' }, End: true }),
        }),
        Catch: caught('Terminate After Failure'),
      },
      // By tag, and not by an id.
      Terminate: task({ Arguments: { call: 'terminate' }, Next: 'Done', Catch: caught('Failed') }),
      'Terminate After Failure': task({
        Arguments: { call: 'terminate' },
        Next: 'Failed',
        Catch: caught('Failed'),
      }),
      Failed: failed,
    });
    leaking.States.Launch!.Catch = caught('Terminate After Failure');

    expect(found(states, options)).toEqual([]);
    expect(
      found(leaking, {
        ...launchOptions,
        terminating: { states: ['Terminate', 'Terminate After Failure'] },
      }),
    ).toEqual([]);
  });
});
