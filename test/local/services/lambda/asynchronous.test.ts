import { ReceiveMessageCommand, SQSClient, type Message } from '@aws-sdk/client-sqs';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CloudCaller } from '../../../../local/api.ts';
import { VirtualClock } from '../../../../local/clock.ts';
import { startSmallCloud, type SmallCloud } from './small-cloud.ts';
import { createKmsService } from '../../../../local/services/kms/kms-service.ts';
import { createSqsService } from '../../../../local/services/sqs/sqs-service.ts';
import { anyText, partly } from './matchers.ts';

let cloud: SmallCloud;
let clock: VirtualClock;
let caller: CloudCaller;

beforeEach(async () => {
  clock = new VirtualClock(new Date());
  cloud = await startSmallCloud({ clock });
  const role = await cloud.role('caller', { Action: 'lambda:InvokeFunction', Resource: '*' });
  caller = cloud.surroundings.principals.roleCaller(role, 'test');
});

afterEach(() => cloud.stop());

/** A function that leaves a line for each attempt, and succeeds from the `after`-th on. */
async function flaky(name: string, after: number, properties = {}): Promise<() => string[]> {
  const file = join(cloud.directory, name);
  await cloud.fn(
    name,
    `import { appendFileSync, readFileSync } from 'node:fs';
     export const handler = async (event, { awsRequestId }) => {
       appendFileSync(process.env.FILE, awsRequestId + '\\n');
       if (readFileSync(process.env.FILE, 'utf8').split('\\n').length - 1 < ${after}) throw new RangeError('not yet');
     };`,
    { Environment: { Variables: { FILE: file } }, ...properties },
  );
  return () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
}

describe('an asynchronous event', () => {
  it('is tried again after one minute and after two more, with the same request id', async () => {
    const attempts = await flaky('third', 3);

    cloud.lambda.invokeLater(caller, 'third', '{}');
    await vi.waitFor(() => expect(cloud.logs.filter(isReport)).toHaveLength(1));
    await clock.advance(59_000);
    const early = attempts().length;
    await clock.advance(1000);
    await vi.waitFor(() => expect(cloud.logs.filter(isReport)).toHaveLength(2));
    await clock.advance(120_000);
    await cloud.lambda.settled();

    expect(early).toBe(1);
    expect(attempts()).toHaveLength(3);
    expect(new Set(attempts()).size).toBe(1);
    expect(cloud.lambda.deadInvocations).toEqual([]);
  });

  it('is given up after the third failure, and counted', async () => {
    const attempts = await flaky('never', 99);

    cloud.lambda.invokeLater(caller, 'never', '{}');
    for (const seen of [1, 2, 3]) {
      await vi.waitFor(() => expect(cloud.logs.filter(isReport)).toHaveLength(seen));
      await clock.advance(120_000);
    }
    await cloud.lambda.settled();

    expect(attempts()).toHaveLength(3);
    expect(cloud.lambda.deadInvocations).toEqual([
      partly({ functionName: 'never', attempts: 3, error: 'RangeError' }),
    ]);
  });

  it('is tried as often as its function declares', async () => {
    const attempts = await flaky('once', 99);
    await cloud.declare('AWS::Lambda::EventInvokeConfig', 'Config', {
      FunctionName: 'once',
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 0,
    });

    cloud.lambda.invokeLater(caller, 'once', '{}');
    await cloud.lambda.settled();

    expect(attempts()).toHaveLength(1);
    expect(cloud.lambda.deadInvocations).toHaveLength(1);
  });

  it('waits while its function is throttled, which does not count as an attempt', async () => {
    await cloud.fn(
      'busy',
      `export const handler = async () => { await new Promise((r) => setTimeout(r, 200)); };`,
      { ReservedConcurrentExecutions: 1 },
    );

    cloud.lambda.invokeLater(caller, 'busy', '{}');
    cloud.lambda.invokeLater(caller, 'busy', '{}');
    await vi.waitFor(() => expect(cloud.logs.filter(isReport)).toHaveLength(1));
    await clock.advance(1000);
    await cloud.lambda.settled();

    expect(cloud.logs.filter(isReport)).toHaveLength(2);
    expect(cloud.lambda.deadInvocations).toEqual([]);
  });

  it('shares a few processes with a burst of others', async () => {
    await cloud.fn('burst', `export const handler = async () => {};`);

    for (let n = 0; n < 50; n += 1) cloud.lambda.invokeLater(caller, 'burst', '{}');
    await cloud.lambda.settled();

    expect(cloud.logs.filter(isReport)).toHaveLength(50);
    expect(cloud.lambda.processes().length).toBeLessThanOrEqual(
      Math.max(2, availableParallelism()),
    );
  });

  it.each([
    ['nobody allowed it', 'echo', 'AccessDenied'],
    ['its function does not exist', 'nobody', 'ResourceNotFoundException'],
  ])('is counted as given up when %s', async (_what, name, error) => {
    await cloud.fn('echo', `export const handler = async () => {};`);
    const events = cloud.surroundings.principals.serviceCaller('events.amazonaws.com');

    cloud.lambda.invokeLater(name === 'echo' ? events : caller, name, '{}');

    expect(cloud.lambda.deadInvocations).toEqual([partly({ functionName: name, error })]);
  });
});

describe('an event that was given up', () => {
  const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:111122223333:${name}`;

  async function receive(name: string): Promise<Message[]> {
    const reader = await cloud.role('reader', { Action: 'sqs:*', Resource: '*' });
    const endpoint = cloud.surroundings.endpoint();
    const credentials = cloud.credentials(reader);
    const sqs = new SQSClient({ region: 'us-east-1', endpoint, credentials });
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: `${endpoint}/111122223333/${name}`,
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages;
  }

  async function failing(name: string, properties: object, ...rights: object[]): Promise<void> {
    await cloud.fn(name, `export const handler = async () => { throw new RangeError('no'); };`, {
      Role: await cloud.role(`${name}-role`, ...rights),
      ...properties,
    });
    await cloud.declare('AWS::Lambda::EventInvokeConfig', `${name}Config`, {
      FunctionName: name,
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 0,
      ...(name === 'recorded' && {
        DestinationConfig: { OnFailure: { Destination: queueArn('recorded') } },
      }),
    });
    cloud.lambda.invokeLater(caller, name, '{"a":1}');
    await cloud.lambda.settled();
  }

  beforeEach(async () => {
    const own = cloud.surroundings;
    cloud.serve(createSqsService(own, createKmsService(own)));
    for (const QueueName of ['dead', 'recorded'])
      await cloud.declare('AWS::SQS::Queue', QueueName, { QueueName });
  });

  const maySend = { Action: 'sqs:SendMessage', Resource: '*' };

  it('is in the dead-letter queue of its function, sent by its role', async () => {
    await failing('lettered', { DeadLetterConfig: { TargetArn: queueArn('dead') } }, maySend);

    expect(await receive('dead')).toEqual([
      partly({
        Body: '{"a":1}',
        MessageAttributes: partly({ RequestID: partly({ StringValue: anyText }) }),
      }),
    ]);
    expect(cloud.lambda.deadInvocations).toHaveLength(1);
  });

  it('is at the destination for failures, with the answer of its function', async () => {
    await failing('recorded', {}, maySend);

    const [message] = await receive('recorded');
    expect(JSON.parse(message!.Body!)).toMatchObject({
      version: '1.0',
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 1 },
      requestPayload: { a: 1 },
      responseContext: { functionError: 'Unhandled' },
      responsePayload: { errorType: 'RangeError' },
    });
  });

  it('is counted twice when its role may not send it to the queue', async () => {
    await failing('muted', { DeadLetterConfig: { TargetArn: queueArn('dead') } });

    expect(await receive('dead')).toEqual([]);
    expect(cloud.lambda.deadInvocations.map(({ error }) => error)).toEqual([
      'RangeError',
      'AccessDenied',
    ]);
  });
});

function isReport({ message }: { readonly message: string }): boolean {
  return message.startsWith('REPORT ');
}
