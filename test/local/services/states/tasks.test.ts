import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { VirtualClock } from '../../../../local/clock.ts';
import { single, startWorkflowCloud, type WorkflowCloud } from './workflow-cloud.ts';
import { containing, matching, partly } from '../lambda/matchers.ts';

let cloud: WorkflowCloud;
let sfn: SFNClient;

beforeAll(async () => {
  cloud = await startWorkflowCloud();
  sfn = await cloud.client();
});

afterAll(() => cloud.stop());

async function begin(machine: string, input: unknown = {}, client = sfn): Promise<string> {
  const { executionArn } = await client.send(
    new StartExecutionCommand({ stateMachineArn: machine, input: JSON.stringify(input) }),
  );
  return executionArn!;
}

async function end(executionArn: string) {
  return vi.waitFor(async () => {
    const description = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    expect(description.status).not.toBe('RUNNING');
    return description;
  }, 4000);
}

const invoke = (FunctionName: string, fields: object = {}) =>
  single({
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Arguments: { FunctionName, Payload: '{% $states.input %}' },
    ...fields,
  });

describe('a Task', () => {
  it('gets the answer of its function, and what Step Functions tells of the request', async () => {
    const fn = await cloud.fn(
      'allowed-echo',
      `export const handler = async (event) => ({ got: event });`,
    );

    const description = await end(await begin(await cloud.machine('echo', invoke(fn)), { a: 1 }));

    expect(JSON.parse(description.output!)).toMatchObject({
      ExecutedVersion: '$LATEST',
      Payload: { got: { a: 1 } },
      StatusCode: 200,
    });
  });

  it('may name its function as its resource', async () => {
    const fn = await cloud.fn('allowed-direct', `export const handler = async ({ n }) => n * 2;`);
    const machine = await cloud.machine('direct', single({ Type: 'Task', Resource: fn }));

    const { output } = await end(await begin(machine, { n: 21 }));

    expect(output).toBe('42');
  });

  it('invokes as the role of the state machine, which the access log shows', async () => {
    const fn = await cloud.fn('allowed-seen', `export const handler = async () => {};`);

    await end(await begin(await cloud.machine('seen', invoke(fn))));

    expect(await cloud.accessLog()).toContainEqual(
      partly({
        eventName: 'Invoke',
        userIdentity: partly({
          arn: matching(/:assumed-role\/machine\/[0-9a-f]{32}$/),
        }),
        resources: [{ ARN: fn, type: 'AWS::Lambda::Function' }],
      }),
    );
  });

  it.each([
    [
      'what the function throws, by its name',
      'allowed-throws',
      `export const handler = async () => { class E extends Error { name = 'WorkerLostError' } throw new E('gone'); };`,
      'WorkerLostError',
      /^\{"errorType":"WorkerLostError","errorMessage":"gone","trace":\[/,
    ],
    [
      'a function that took too long',
      'allowed-late',
      `export const handler = () => new Promise(() => {});`,
      'Sandbox.Timedout',
      /Task timed out after 1\.00 seconds/,
    ],
    [
      'a function that ended its process',
      'allowed-exit',
      `export const handler = () => process.exit(1);`,
      'Runtime.ExitError',
      /exit status 1/,
    ],
    [
      'a right that is missing',
      'forbidden',
      `export const handler = async () => {};`,
      'Lambda.AWSLambdaException',
      /^User: \S+ is not authorized to perform: lambda:InvokeFunction .*\(Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException; Request ID: [0-9a-f-]{36}; Proxy: null\)$/,
    ],
    [
      'a function that is throttled',
      'allowed-none',
      `export const handler = async () => {};`,
      'Lambda.TooManyRequestsException',
      /Status Code: 429/,
    ],
  ])('fails with %s', async (_what, name, source, error, cause) => {
    const fn = await cloud.fn(name, source, {
      Timeout: name === 'allowed-late' ? 1 : 30,
      ...(name === 'allowed-none' && { ReservedConcurrentExecutions: 0 }),
    });

    const description = await end(await begin(await cloud.machine(name, invoke(fn))));

    expect(description).toMatchObject({
      status: 'FAILED',
      error,
      cause: matching(cause),
    });
  });

  it('fails for a function that is not there', async () => {
    const fn = 'arn:aws:lambda:us-east-1:111122223333:function:allowed-nobody';

    const description = await end(await begin(await cloud.machine('nobody', invoke(fn))));

    expect(description).toMatchObject({
      error: 'Lambda.ResourceNotFoundException',
      cause: containing(`Function not found: ${fn}`),
    });
  });

  it('fails where it asks of lambda:invoke what is not supported, by name', async () => {
    const machine = await cloud.machine(
      'qualified',
      single({
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Arguments: { FunctionName: 'x', Qualifier: 'prod' },
      }),
    );

    const { cause } = await end(await begin(machine));

    expect(cause).toContain('lambda:invoke: Qualifier is not supported');
  });

  it('is retried and caught by the names of errors', async () => {
    const fn = await cloud.fn(
      'allowed-twice',
      `let n = 0; export const handler = async () => {
         class E extends Error { name = 'BusyError' } if (++n < 3) throw new E(''); return n; };`,
    );
    const machine = await cloud.machine(
      'twice',
      invoke(fn, {
        Retry: [
          {
            ErrorEquals: ['BusyError'],
            IntervalSeconds: 1,
            MaxAttempts: 2,
            BackoffRate: 1,
            JitterStrategy: 'FULL',
          },
        ],
        Output: '{% $states.result.Payload %}',
      }),
    );

    const { output } = await end(await begin(machine));

    expect(output).toBe('3');
  });
});

describe('a task token', () => {
  /** Starts a machine whose function hands its token over through the log. */
  async function submitted(name: string, fields: object = {}, at = cloud) {
    const fn = await at.fn(
      `allowed-token-${name}`,
      `export const handler = async ({ token }) => { process.stdout.write('TOKEN ' + token + '\\n'); };`,
    );
    const machine = await at.machine(
      name,
      single({
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Arguments: {
          FunctionName: fn,
          Payload: { token: '{% $states.context.Task.Token %}' },
        },
        ...fields,
      }),
    );
    const seen = at.logs.length;
    const executionArn = await begin(machine, {}, await at.client());
    const taskToken = await vi.waitFor(() => {
      const line = at.logs.slice(seen).find(({ message }) => message.startsWith('TOKEN '));
      expect(line).toBeDefined();
      return line!.message.slice(6);
    }, 4000);
    return { machine, executionArn, taskToken };
  }

  it('is answered with success', async () => {
    const { executionArn, taskToken } = await submitted('success');

    await sfn.send(new SendTaskSuccessCommand({ taskToken, output: '{"objects":3}' }));

    expect(await end(executionArn)).toMatchObject({
      status: 'SUCCEEDED',
      output: '{"objects":3}',
    });
    const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(events!.map(({ type }) => type)).toContain('TaskSubmitted');
  });

  it('is answered with failure', async () => {
    const { executionArn, taskToken } = await submitted('failure');

    await sfn.send(new SendTaskFailureCommand({ taskToken, error: 'WorkerLostError', cause: 'x' }));

    expect(await end(executionArn)).toMatchObject({
      status: 'FAILED',
      error: 'WorkerLostError',
      cause: 'x',
    });
  });

  it('is kept alive by heartbeats, and lost without', async () => {
    const clock = new VirtualClock(new Date());
    const own = await startWorkflowCloud(clock);
    const client = await own.client();
    const { executionArn, taskToken } = await submitted('beats', { HeartbeatSeconds: 10 }, own);

    for (let beat = 0; beat < 3; beat += 1) {
      await clock.advance(9000);
      await client.send(new SendTaskHeartbeatCommand({ taskToken }));
    }
    const alive = await client.send(new DescribeExecutionCommand({ executionArn }));
    await clock.advance(10_000);
    const lost = await client.send(new DescribeExecutionCommand({ executionArn }));

    expect(alive.status).toBe('RUNNING');
    expect(lost).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    const late = client.send(new SendTaskHeartbeatCommand({ taskToken }));
    await expect(late).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await own.stop();
  });

  it('is answered by who may, on the state machine that handed it out', async () => {
    const { machine, executionArn, taskToken } = await submitted('guarded');
    const right = { Action: 'states:SendTaskSuccess', Resource: machine };
    const worker = await cloud.client(right);
    const stranger = await cloud.client({ ...right, Resource: `${machine}-other` });
    const answer = new SendTaskSuccessCommand({ taskToken, output: '1' });

    await expect(stranger.send(answer)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(worker.send(answer)).resolves.toBeDefined();

    expect(await end(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: '1' });
  });

  it('is worth nothing after its execution was stopped', async () => {
    const { executionArn, taskToken } = await submitted('cut');
    await sfn.send(new StopExecutionCommand({ executionArn }));

    const answer = sfn.send(new SendTaskSuccessCommand({ taskToken, output: '1' }));

    await expect(answer).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });

  it.each([
    ['InvalidToken', 'no-token', '1'],
    ['TaskDoesNotExist', `AQB${'x'.repeat(125)}`, '1'],
  ])('is refused as %s', async (name, taskToken, output) => {
    const answer = sfn.send(new SendTaskSuccessCommand({ taskToken, output }));

    await expect(answer).rejects.toMatchObject({ name });
  });

  it('takes JSON only', async () => {
    const { executionArn, taskToken } = await submitted('nojson');

    const answer = sfn.send(new SendTaskSuccessCommand({ taskToken, output: '{' }));

    await expect(answer).rejects.toMatchObject({ name: 'InvalidOutput' });
    await sfn.send(new StopExecutionCommand({ executionArn }));
  });

  it('never appears in the access log', async () => {
    const { executionArn, taskToken } = await submitted('secret');

    await sfn.send(new SendTaskSuccessCommand({ taskToken, output: '1' }));
    await end(executionArn);

    expect(JSON.stringify(await cloud.accessLog())).not.toContain(taskToken);
  });
});
