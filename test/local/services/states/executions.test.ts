import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  type DescribeExecutionOutput,
  type HistoryEvent,
} from '@aws-sdk/client-sfn';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { signedPost } from '../lambda/signed-post.ts';
import { single, startWorkflowCloud, type WorkflowCloud } from './workflow-cloud.ts';
import { anyDate, containing, matching, partly } from '../lambda/matchers.ts';

let cloud: WorkflowCloud;
let sfn: SFNClient;

beforeAll(async () => {
  cloud = await startWorkflowCloud();
  sfn = await cloud.client();
});

afterAll(() => cloud.stop());

const start = async (stateMachineArn: string, input?: string, name?: string): Promise<string> => {
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn, input, name }),
  );
  return executionArn!;
};

const describeExecution = (executionArn: string): Promise<DescribeExecutionOutput> =>
  sfn.send(new DescribeExecutionCommand({ executionArn }));

const ended = (executionArn: string): Promise<DescribeExecutionOutput> =>
  vi.waitFor(async () => {
    const description = await describeExecution(executionArn);
    expect(description.status).not.toBe('RUNNING');
    return description;
  });

const waiting = single({ Type: 'Wait', Seconds: 600 });

describe('an execution', () => {
  it('runs from its input to its output', async () => {
    const stateMachineArn = await cloud.machine(
      'pass',
      single({ Type: 'Pass', Output: '{% $states.input.a + 1 %}' }),
    );

    const executionArn = await start(stateMachineArn, '{"a": 1}', 'first');
    const description = await ended(executionArn);

    expect(executionArn).toBe('arn:aws:states:us-east-1:111122223333:execution:pass:first');
    expect(description).toMatchObject({
      stateMachineArn,
      name: 'first',
      status: 'SUCCEEDED',
      input: '{"a": 1}',
      inputDetails: { included: true },
      output: '2',
      outputDetails: { included: true },
      redriveCount: 0,
    });
    expect(description.stopDate!.getTime()).toBeGreaterThanOrEqual(
      description.startDate!.getTime(),
    );
    expect(description.startDate!.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  it('has an empty object for an input and a name of its own where it gets none', async () => {
    const machine = await cloud.machine('plain', single({ Type: 'Succeed', End: undefined }));

    const { name, output } = await ended(await start(machine));

    expect([name, output]).toEqual([matching(/^[0-9a-f-]{36}$/), '{}']);
  });

  it('is described without its data to who asks for that', async () => {
    const machine = await cloud.machine('metadata', single({ Type: 'Pass' }));
    const executionArn = await start(machine, '{"canary":1}');
    await ended(executionArn);

    const description = await sfn.send(
      new DescribeExecutionCommand({ executionArn, includedData: 'METADATA_ONLY' }),
    );

    expect(JSON.stringify(description)).not.toContain('canary');
    expect(description).toMatchObject({ status: 'SUCCEEDED', inputDetails: { included: false } });
  });

  it('that fails says why', async () => {
    const machine = await cloud.machine(
      'fail',
      single({ Type: 'Fail', End: undefined, Error: 'BatchError', Cause: 'no objects' }),
    );

    const description = await ended(await start(machine));

    expect(description).toMatchObject({
      status: 'FAILED',
      error: 'BatchError',
      cause: 'no objects',
    });
    expect(description.output).toBeUndefined();
  });

  it('is the same one for the same name and input while it runs, and taken otherwise', async () => {
    const machine = await cloud.machine('idempotent', waiting);
    const executionArn = await start(machine, '{"a":1}', 'once');

    const again = await start(machine, '{"a":1}', 'once');
    const otherInput = start(machine, '{"a":2}', 'once');

    expect(again).toBe(executionArn);
    await expect(otherInput).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    await sfn.send(new StopExecutionCommand({ executionArn }));
    await expect(start(machine, '{"a":1}', 'once')).rejects.toMatchObject({
      name: 'ExecutionAlreadyExists',
    });
  });

  it('is stopped with the reason given, and stopping it twice changes nothing', async () => {
    const executionArn = await start(await cloud.machine('stopped', waiting));

    const first = await sfn.send(
      new StopExecutionCommand({ executionArn, error: 'Operator', cause: 'wrong batch' }),
    );
    const second = await sfn.send(new StopExecutionCommand({ executionArn, error: 'Again' }));

    expect(await describeExecution(executionArn)).toMatchObject({
      status: 'ABORTED',
      error: 'Operator',
      cause: 'wrong batch',
      stopDate: first.stopDate,
    });
    expect(second.stopDate).toEqual(first.stopDate);
  });

  it('times out', async () => {
    const machine = await cloud.machine('timeout', { ...waiting, TimeoutSeconds: 1 });

    const executionArn = await start(machine);
    const description = await vi.waitFor(async () => {
      const now = await describeExecution(executionArn);
      expect(now.status).toBe('TIMED_OUT');
      return now;
    }, 3000);

    expect(description.error).toBe('States.Timeout');
  });

  it.each([
    ['an input that is no JSON', { input: '{' }, 'InvalidExecutionInput'],
    [
      'an input over 256 KiB',
      { input: JSON.stringify('x'.repeat(262_143)) },
      'ValidationException',
    ],
    ['a name with a slash', { name: 'a/b' }, 'InvalidName'],
    ['a name that is too long', { name: 'x'.repeat(81) }, 'InvalidName'],
    ['no ARN', { stateMachineArn: 'batch' }, 'InvalidArn'],
    [
      'an unknown state machine',
      { stateMachineArn: 'arn:aws:states:us-east-1:111122223333:stateMachine:nobody' },
      'StateMachineDoesNotExist',
    ],
    [
      'an alias',
      { stateMachineArn: 'arn:aws:states:us-east-1:111122223333:stateMachine:pass:prod' },
      'UnsupportedOperation',
    ],
  ])('is not started for %s', async (_what, input, name) => {
    const stateMachineArn = 'arn:aws:states:us-east-1:111122223333:stateMachine:pass';

    const starting = sfn.send(new StartExecutionCommand({ stateMachineArn, ...input }));

    await expect(starting).rejects.toMatchObject({ name });
  });

  it('is started with an input of exactly 256 KiB', async () => {
    const machine = await cloud.machine('largest', single({ Type: 'Pass' }));

    const { status } = await ended(await start(machine, JSON.stringify('x'.repeat(262_142))));

    expect(status).toBe('SUCCEEDED');
  });

  it('is not started with a parameter that is not known', async () => {
    const input = { stateMachineArn: 'arn:aws:states:us-east-1:111122223333:stateMachine:pass' };
    const body = JSON.stringify({ ...input, priority: 'high' });
    const role = await cloud.role('any', { Action: 'states:*', Resource: '*' });

    const response = await signedPost(
      cloud.surroundings.endpoint(),
      'states',
      cloud.credentials(role),
      { path: '/', headers: { 'x-amz-target': 'AWSStepFunctions.StartExecution' }, body },
    );

    expect(await response.json()).toMatchObject({
      __type: 'UnsupportedOperation',
      message:
        'Step Functions StartExecution: parameter priority is not supported by the embedded cloud',
    });
  });
});

describe('a history', () => {
  let executionArn: string;

  beforeAll(async () => {
    const machine = await cloud.machine('history', {
      QueryLanguage: 'JSONata',
      StartAt: 'A',
      States: {
        A: { Type: 'Pass', Assign: { secret: '{% $states.input.canary %}' }, Next: 'B' },
        B: { Type: 'Pass', Next: 'C' },
        C: { Type: 'Succeed' },
      },
    });
    executionArn = await start(machine, '{"canary":"kn4ry"}', 'told');
    await ended(executionArn);
  });

  const read = (input: object = {}): Promise<{ events?: HistoryEvent[]; nextToken?: string }> =>
    sfn.send(new GetExecutionHistoryCommand({ executionArn, ...input }));

  it('tells every event in order, with its times and details', async () => {
    const { events } = await read();

    expect(events!.map(({ id, type }) => `${id} ${type}`)).toEqual([
      '1 ExecutionStarted',
      '2 PassStateEntered',
      '3 PassStateExited',
      '4 PassStateEntered',
      '5 PassStateExited',
      '6 SucceedStateEntered',
      '7 SucceedStateExited',
      '8 ExecutionSucceeded',
    ]);
    expect(events![0]).toMatchObject({
      timestamp: anyDate,
      previousEventId: 0,
      executionStartedEventDetails: { input: '{"canary":"kn4ry"}' },
    });
  });

  it.each([
    [false, [1, 2, 3], [4, 5, 6], [7, 8]],
    [true, [8, 7, 6], [5, 4, 3], [2, 1]],
  ])('comes in pages, reversed: %s', async (reverseOrder, ...expected) => {
    const pages: number[][] = [];
    let nextToken: string | undefined;
    do {
      const page = await read({ maxResults: 3, reverseOrder, nextToken });
      pages.push(page.events!.map(({ id }) => id!));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);

    expect(pages).toEqual(expected);
  });

  it('can be had without what the execution carried', async () => {
    const { events } = await read({ includeExecutionData: false });

    expect(events).toHaveLength(8);
    expect(JSON.stringify(events)).not.toContain('kn4ry');
    expect(events![1]).toMatchObject({ stateEnteredEventDetails: { name: 'A' } });
  });

  it.each([
    [
      'a token of another list',
      { nextToken: Buffer.from('{"subject":"x","at":0}').toString('base64url') },
      'InvalidToken',
    ],
    ['a token that is none', { nextToken: 'abc' }, 'InvalidToken'],
    ['too many results', { maxResults: 1001 }, 'ValidationException'],
    [
      'an unknown execution',
      { executionArn: 'arn:aws:states:us-east-1:111122223333:execution:history:x' },
      'ExecutionDoesNotExist',
    ],
    ['no ARN', { executionArn: 'told' }, 'InvalidArn'],
  ])('is refused for %s', async (_what, input, name) => {
    await expect(read(input)).rejects.toMatchObject({ name });
  });

  it('is kept on disk, one line for an event', () => {
    const lines = readFileSync(cloud.states.historyPath, 'utf8').trimEnd().split('\n');
    const own = lines
      .map((line) => JSON.parse(line) as { executionArn: string; id: number; type: string })
      .filter((event) => event.executionArn === executionArn);

    expect(own.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(own[7]!.type).toBe('ExecutionSucceeded');
  });
});

describe('a list of executions', () => {
  it('begins with the latest, comes in pages, and can be of one status', async () => {
    const stateMachineArn = await cloud.machine(
      'listed',
      single({ Type: 'Wait', Seconds: '{% $states.input.seconds %}' }),
    );
    for (const name of ['a', 'b', 'c']) await start(stateMachineArn, '{"seconds":600}', name);
    await ended(await start(stateMachineArn, '{"seconds":0}', 'done'));
    const list = async (input: object) => {
      const command = new ListExecutionsCommand({ stateMachineArn, ...input });
      const { executions, nextToken } = await sfn.send(command);
      return { names: executions!.map(({ name }) => name), nextToken };
    };

    const first = await list({ maxResults: 2 });
    await start(stateMachineArn, '{"seconds":600}', 'later');
    const second = await list({ maxResults: 2, nextToken: first.nextToken });
    const running = await list({ statusFilter: 'RUNNING' });

    expect(first.names).toEqual(['done', 'c']);
    expect(second).toEqual({ names: ['b', 'a'], nextToken: undefined });
    expect(running.names).toEqual(['later', 'c', 'b', 'a']);
  });
});

describe('a state machine', () => {
  it('is told byte for byte as its template has it', async () => {
    const text =
      '{ "QueryLanguage":"JSONata",\n "StartAt":"A",  "States":{"A":{"Type":"Succeed"}} }';
    const stateMachineArn = await cloud.machine(
      'bytes',
      {},
      {
        DefinitionString: text,
        LoggingConfiguration: {
          Level: 'ALL',
          IncludeExecutionData: false,
          Destinations: [
            {
              CloudWatchLogsLogGroup: {
                LogGroupArn: 'arn:aws:logs:us-east-1:111122223333:log-group:lifecycle:*',
              },
            },
          ],
        },
      },
    );
    const executionArn = await start(stateMachineArn);

    const described = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn }));
    const forExecution = await sfn.send(
      new DescribeStateMachineForExecutionCommand({ executionArn }),
    );

    expect(described).toMatchObject({
      name: 'bytes',
      status: 'ACTIVE',
      type: 'STANDARD',
      definition: text,
      creationDate: anyDate,
      loggingConfiguration: { level: 'ALL', includeExecutionData: false },
    });
    expect(forExecution).toMatchObject({ stateMachineArn, definition: text });
    expect(cloud.states.definitionOf(stateMachineArn)).toBe(text);
  });

  it('is listed', async () => {
    const { stateMachines } = await sfn.send(new ListStateMachinesCommand({}));

    expect(stateMachines!.map(({ name }) => name)).toContain('bytes');
  });

  it.each([
    ['StateMachineType', { StateMachineType: 'EXPRESS' }],
    ['DefinitionSubstitutions', { DefinitionSubstitutions: {} }],
    ['EncryptionConfiguration', { EncryptionConfiguration: {} }],
    ['DefinitionString', { DefinitionString: '{' }],
    ['DefinitionString', { DefinitionString: JSON.stringify(single({ Type: 'Parallel' })) }],
    ['DefinitionString', { DefinitionString: JSON.stringify({ StartAt: 'A', States: {} }) }],
  ])('is refused by the name of what is not supported: %s', async (property, properties) => {
    await expect(cloud.machine('refused', waiting, properties)).rejects.toThrow(
      `Test/refused (AWS::StepFunctions::StateMachine): ${property}`,
    );
  });
});

describe('the caller of Step Functions', () => {
  const account = 'arn:aws:states:us-east-1:111122223333';

  it.each([
    ['StartExecution', 'stateMachine:guarded'],
    ['ListExecutions', 'stateMachine:guarded'],
    ['DescribeStateMachine', 'stateMachine:guarded'],
    ['DescribeExecution', 'execution:guarded:one'],
    ['GetExecutionHistory', 'execution:guarded:one'],
    ['DescribeStateMachineForExecution', 'execution:guarded:one'],
    ['StopExecution', 'execution:guarded:one'],
  ])('may %s only with a right on %s', async (operation, resource) => {
    if (cloud.states.definitionOf(`${account}:stateMachine:guarded`) === undefined)
      await start(await cloud.machine('guarded', waiting), '{}', 'one');
    const right = { Action: `states:${operation}`, Resource: `${account}:${resource}` };
    const allowed = await cloud.client(right);
    const other = await cloud.client({ ...right, Resource: `${account}:${resource}x` });
    const input = resource.startsWith('execution')
      ? { executionArn: `${account}:execution:guarded:one` }
      : { stateMachineArn: `${account}:stateMachine:guarded` };
    const command = {
      StartExecution: () => new StartExecutionCommand(input as never),
      ListExecutions: () => new ListExecutionsCommand(input),
      DescribeStateMachine: () => new DescribeStateMachineCommand(input as never),
      DescribeExecution: () => new DescribeExecutionCommand(input as never),
      GetExecutionHistory: () => new GetExecutionHistoryCommand(input as never),
      DescribeStateMachineForExecution: () =>
        new DescribeStateMachineForExecutionCommand(input as never),
      StopExecution: () => new StopExecutionCommand(input as never),
    }[operation]!;

    await expect(other.send(command() as never)).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await expect(allowed.send(command() as never)).resolves.toBeDefined();
  });
});

describe('a change of status', () => {
  it('is put on the bus when an execution begins and when it ends', async () => {
    const stateMachineArn = await cloud.machine(
      'announced',
      single({ Type: 'Fail', End: undefined, Error: 'E', Cause: 'why' }),
    );
    const executionArn = await start(stateMachineArn, '{"b":1}', 'announced');
    const { startDate, stopDate } = await ended(executionArn);

    const events = cloud.events.filter(({ resources }) => resources[0] === executionArn);

    const common = {
      executionArn,
      stateMachineArn,
      name: 'announced',
      startDate: startDate!.getTime(),
      input: '{"b":1}',
      inputDetails: { included: true },
      output: null,
      outputDetails: null,
    };
    expect(events).toEqual([
      partly({
        source: 'aws.states',
        detailType: 'Step Functions Execution Status Change',
        detail: partly({ ...common, status: 'RUNNING', stopDate: null }),
      }),
      partly({
        detail: partly({
          ...common,
          status: 'FAILED',
          stopDate: stopDate!.getTime(),
          error: 'E',
          cause: 'why',
        }),
      }),
    ]);
  });
});

describe('the log of a state machine', () => {
  const logging = (Level: string, IncludeExecutionData: boolean, group: string) => ({
    LoggingConfiguration: {
      Level,
      IncludeExecutionData,
      Destinations: [
        {
          CloudWatchLogsLogGroup: {
            LogGroupArn: `arn:aws:logs:us-east-1:111122223333:log-group:${group}:*`,
          },
        },
      ],
    },
  });
  const failing = {
    QueryLanguage: 'JSONata',
    StartAt: 'A',
    States: { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Fail', Error: 'E' } },
  };

  it.each([
    [
      'ALL',
      [
        'ExecutionStarted',
        'PassStateEntered',
        'PassStateExited',
        'FailStateEntered',
        'ExecutionFailed',
      ],
    ],
    ['ERROR', ['FailStateEntered', 'ExecutionFailed']],
    ['FATAL', ['ExecutionFailed']],
    ['OFF', []],
  ])('has the events of level %s', async (level, expected) => {
    const machine = await cloud.machine(`log${level}`, failing, logging(level, true, `g${level}`));

    await ended(await start(machine));

    const lines = cloud.logs.filter(({ group }) => group === `g${level}`);
    expect(lines.map(({ message }) => (JSON.parse(message) as { type: string }).type)).toEqual(
      expected,
    );
  });

  it.each([true, false])('has data of the execution where it says so: %s', async (includes) => {
    const group = `data-${includes}`;
    const machine = await cloud.machine(group, failing, logging('ALL', includes, group));

    await ended(await start(machine, '{"canary":1}'));

    const lines = cloud.logs.filter((line) => line.group === group).map(({ message }) => message);
    expect(lines.join('').includes('canary')).toBe(includes);
    expect(JSON.parse(lines[1]!)).toMatchObject({
      id: '2',
      type: 'PassStateEntered',
      previous_event_id: '0',
      event_timestamp: matching(/^\d{13}$/),
      execution_arn: containing(`:execution:${group}:`),
      details: { name: 'A' },
    });
  });
});
