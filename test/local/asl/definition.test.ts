import { describe, expect, test } from 'vitest';
import {
  InvalidDefinitionError,
  UnsupportedDefinitionError,
  type DefinitionProblem,
} from '../../../local/asl/definition-error.ts';
import { parseDefinition } from '../../../local/asl/definition.ts';
import { FUNCTION, machine } from './harness.ts';

const END = { Type: 'Pass', End: true };
const TASK = { Type: 'Task', Resource: FUNCTION, End: true };
const MAP = { Type: 'Map', ItemProcessor: { StartAt: 'I', States: { I: END } }, End: true };

function problemsOf(
  definition: unknown,
  kind: typeof InvalidDefinitionError | typeof UnsupportedDefinitionError,
) {
  try {
    parseDefinition(definition);
  } catch (error) {
    expect(error).toBeInstanceOf(kind);
    return (error as { problems: DefinitionProblem[] }).problems.map(
      ({ path, reason }) => `${path} ${reason}`,
    );
  }
  return [];
}

describe('refuses by name what it does not run', () => {
  const cases: Record<string, [unknown, string]> = {
    'a machine without a query language': [
      { StartAt: 'A', States: { A: TASK } },
      '/States/A is a JSONPath state (set QueryLanguage to JSONata)',
    ],
    'a JSONPath field in a JSONata machine': [
      machine({ A: { ...TASK, ResultPath: '$.x' } }),
      '/States/A/ResultPath needs JSONPath',
    ],
    'a JSONPath state inside a Parallel of a JSONata machine': [
      machine({
        P: {
          Type: 'Parallel',
          Branches: [
            {
              StartAt: 'A',
              States: { A: { ...END, QueryLanguage: 'JSONPath', InputPath: '$.x' } },
            },
          ],
          End: true,
        },
      }),
      '/States/P/Branches[0]/States/A/InputPath needs JSONPath',
    ],
    'a JSONPath text that JSONata would evaluate': [
      { StartAt: 'F', States: { F: { Type: 'Fail', Cause: '{% 1 %}' } } },
      '/States/F is a JSONPath state (set QueryLanguage to JSONata)',
    ],
    'a JSONPath state in a JSONata machine, even one that evaluates nothing': [
      machine({ A: { ...END, QueryLanguage: 'JSONPath' } }),
      '/States/A is a JSONPath state (set QueryLanguage to JSONata)',
    ],
    Credentials: [
      machine({ A: { ...TASK, Credentials: { RoleArn: 'arn:aws:iam::111111111111:role/x' } } }),
      '/States/A/Credentials is not a supported field',
    ],
    'a Distributed Map': [
      machine({
        M: {
          ...MAP,
          ItemProcessor: { ...MAP.ItemProcessor, ProcessorConfig: { Mode: 'DISTRIBUTED' } },
        },
      }),
      '/States/M/ItemProcessor/ProcessorConfig/Mode must be INLINE: a Distributed Map is not run',
    ],
    'an ItemReader': [
      machine({ M: { ...MAP, ItemReader: {} } }),
      '/States/M/ItemReader is not a supported field',
    ],
    'an unknown field of a retrier': [
      machine({ A: { ...TASK, Retry: [{ ErrorEquals: ['X'], MaxAttempt: 1 }] } }),
      '/States/A/Retry[0]/MaxAttempt is not a supported field',
    ],
    'a service it was not given': [
      machine({ A: { ...TASK, Resource: 'arn:aws:states:::sqs:sendMessage' } }),
      '/States/A/Resource is arn:aws:states:::sqs:sendMessage',
    ],
    'a job to be followed': [
      machine({ A: { ...TASK, Resource: 'arn:aws:states:::batch:submitJob.sync' } }),
      '/States/A/Resource is arn:aws:states:::batch:submitJob.sync',
    ],
    'an activity': [
      machine({ A: { ...TASK, Resource: 'arn:aws:states:us-east-1:111111111111:activity:x' } }),
      '/States/A/Resource is arn:aws:states:us-east-1:111111111111:activity:x',
    ],
  };

  test.each(Object.entries(cases))('%s', (_title, [definition, problem]) => {
    expect(problemsOf(definition, UnsupportedDefinitionError)).toContain(problem);
  });

  test('and lets a runner add services, except jobs to be followed', () => {
    const sqs = machine({ A: { ...TASK, Resource: 'arn:aws:states:::sqs:sendMessage' } });
    const sync = machine({ A: { ...TASK, Resource: 'arn:aws:states:::batch:submitJob.sync' } });
    const options = { supportsResource: () => true };

    expect(parseDefinition(sqs, options).States.A?.Type).toBe('Task');
    expect(() => parseDefinition(sync, options)).toThrow(UnsupportedDefinitionError);
  });
});

describe('refuses what AWS refuses too', () => {
  const cases: Record<string, [unknown, string]> = {
    'a text that is no JSON': ['{', '/ is not JSON'],
    'an unknown StartAt': [
      { ...(machine({ A: END }) as object), StartAt: 'B' },
      '/StartAt names no state of this branch',
    ],
    'a Next that leads nowhere': [
      machine({ A: { Type: 'Pass', Next: 'B' } }),
      '/States/A/Next names no state of this branch',
    ],
    'a Catch that leads nowhere': [
      machine({ A: { ...TASK, Catch: [{ ErrorEquals: ['X'], Next: 'B' }] } }),
      '/States/A/Catch[0]/Next names no state of this branch',
    ],
    'a state without a way out': [
      machine({ A: { Type: 'Pass' } }),
      '/States/A must have exactly one of Next and End',
    ],
    'a Wait for two things': [
      machine({ A: { Type: 'Wait', Seconds: 1, Timestamp: '2026-01-01T00:00:00Z', End: true } }),
      '/States/A must have exactly one of Seconds and Timestamp',
    ],
    'States.ALL before the last rule': [
      machine({ A: { ...TASK, Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['X'] }] } }),
      '/States/A/Retry[0]/ErrorEquals may have States.ALL only alone and only in the last rule',
    ],
    'an assignment from an inner scope to a variable of the outer one': [
      machine({
        A: { Type: 'Pass', Assign: { count: 0 }, Next: 'M' },
        M: {
          ...MAP,
          ItemProcessor: { StartAt: 'I', States: { I: { ...END, Assign: { count: 1 } } } },
        },
      }),
      '/States/M/ItemProcessor/States/I/Assign/count is assigned in an outer scope, which an inner one may only read',
    ],
    'two states of one name, in whatever branches': [
      machine({ I: { Type: 'Pass', Next: 'M' }, M: MAP }),
      '/States/M/ItemProcessor/States/I has the name of another state of the machine',
    ],
    'a heartbeat that is no shorter than the timeout': [
      machine({ A: { ...TASK, HeartbeatSeconds: 60, TimeoutSeconds: 60 } }),
      '/States/A must have a HeartbeatSeconds smaller than its TimeoutSeconds',
    ],
    'the reserved variable': [
      machine({ A: { ...END, Assign: { states: 1 } } }),
      '/States/A/Assign/states is reserved',
    ],
    'a timeout that is neither a number nor an expression': [
      machine({ A: { ...TASK, TimeoutSeconds: true } }),
      '/States/A/TimeoutSeconds must be a whole number from 1 to 99999999 or a JSONata expression',
    ],
    'a timeout of no seconds': [
      machine({ A: { ...TASK, TimeoutSeconds: 0 } }),
      '/States/A/TimeoutSeconds Too small: expected number to be >=1',
    ],
  };

  test.each(Object.entries(cases))('%s', (_title, [definition, problem]) => {
    expect(problemsOf(definition, InvalidDefinitionError)).toContain(problem);
  });

  test('an expression that is not JSONata, with its place', () => {
    const definition = machine({ A: { ...END, Output: { list: ['{% 1 + %}'] } } });

    const problems = problemsOf(definition, InvalidDefinitionError);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^\/States\/A\/Output\/list\[0\] is not valid JSONata: S0207/);
  });
});

test('names everything that is wrong at once', () => {
  const definition = machine({ A: { ...END, Result: 1, InputPath: '$' } });

  expect(problemsOf(definition, UnsupportedDefinitionError)).toHaveLength(2);
});

test('accepts JSONPath states that evaluate nothing beside JSONata ones', () => {
  const definition = {
    StartAt: 'A',
    States: { A: { ...END, QueryLanguage: 'JSONata', Output: 1 } },
  };
  const mixed = { StartAt: 'P', States: { P: { Type: 'Pass', Next: 'A' }, ...definition.States } };

  expect(Object.keys(parseDefinition(mixed).States)).toEqual(['P', 'A']);
});

test('reads a text as well as a value', () => {
  const definition = machine({ A: END }, { TimeoutSeconds: 60, Version: '1.0', Comment: 'x' });

  expect(parseDefinition(JSON.stringify(definition)).TimeoutSeconds).toBe(60);
});
