import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, type Service } from '../../../../local/api.ts';
import { VirtualClock } from '../../../../local/clock.ts';
import {
  createEventsService,
  type EventsService,
} from '../../../../local/services/events/events-service.ts';
import { parsePolicy } from '../../../../local/policy/document.ts';
import { signedPost } from '../lambda/signed-post.ts';
import { startSmallCloud, type SmallCloud } from '../lambda/small-cloud.ts';
import { anyText, containing, matching, partly } from '../lambda/matchers.ts';

let cloud: SmallCloud;
let clock: VirtualClock;
let bus: EventsService;
let started: { by: string; arn: string; input: unknown }[];
let deadLetters: unknown[];

/** Takes messages for a queue that lets EventBridge send on behalf of one rule. */
const queue: Service = {
  signingName: 'sqs',
  protocol: 'json',
  resources: [],
  async handle(request, call) {
    const chunks = await request.body.toArray();
    call.authorize({
      action: 'sqs:SendMessage',
      resource: 'arn:aws:sqs:us-east-1:111122223333:dead',
      resourcePolicy: parsePolicy(
        {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'events.amazonaws.com' },
              Action: 'sqs:SendMessage',
              Resource: '*',
              Condition: {
                ArnEquals: { 'aws:SourceArn': 'arn:aws:events:us-east-1:111122223333:rule/good' },
              },
            },
          ],
        },
        'queue',
      ),
    });
    deadLetters.push(JSON.parse(chunks.join('')));
    return { status: 200 };
  },
};

beforeEach(async () => {
  clock = new VirtualClock(new Date());
  cloud = await startSmallCloud({ clock });
  started = [];
  deadLetters = [];
  bus = cloud.serve(
    createEventsService(
      cloud.surroundings,
      cloud.lambda,
      () => ({
        startExecutionAs(caller, arn, name, input) {
          if (arn.endsWith('refusing')) throw new ApiError('ExecutionAlreadyExists', 'no');
          started.push({ by: caller.principalArn, arn, input: JSON.parse(input) });
          expect(name.length).toBeLessThanOrEqual(80);
        },
      }),
      () => queue,
    ),
  );
});

afterEach(() => cloud.stop());

const ruleArn = (name: string): string => `arn:aws:events:us-east-1:111122223333:rule/${name}`;

/** Declares a function that writes its event to its log, and lets a rule invoke it. */
async function logger(name: string, rule: string): Promise<string> {
  const arn = await cloud.fn(
    name,
    `export const handler = async (event) => { process.stdout.write('EVENT ' + JSON.stringify(event) + '\\n'); };`,
  );
  await cloud.declare('AWS::Lambda::Permission', `${name}Permission`, {
    Action: 'lambda:InvokeFunction',
    FunctionName: arn,
    Principal: 'events.amazonaws.com',
    SourceArn: ruleArn(rule),
  });
  return arn;
}

function logged(): unknown[] {
  return cloud.logs
    .filter(({ message }) => message.startsWith('EVENT '))
    .map(({ message }) => JSON.parse(message.slice(6)) as unknown);
}

const created = {
  source: 'aws.s3',
  detailType: 'Object Created',
  resources: ['arn:aws:s3:::input'],
  detail: { bucket: { name: 'input' }, object: { key: 'k' } },
};

describe('a rule with a pattern', () => {
  it('hands matching events to its function, in the envelope of AWS', async () => {
    const arn = await logger('register', 'created');
    await cloud.declare('AWS::Events::Rule', 'Created', {
      Name: 'created',
      EventPattern: { source: ['aws.s3'], detail: { bucket: { name: ['input'] } } },
      State: 'ENABLED',
      Targets: [{ Arn: arn, Id: 'Target0' }],
    });

    bus.put(created);
    bus.put({ ...created, detail: { bucket: { name: 'output' } } });
    await cloud.lambda.settled();

    expect(logged()).toEqual([
      {
        version: '0',
        id: matching(/^[0-9a-f-]{36}$/),
        'detail-type': 'Object Created',
        source: 'aws.s3',
        account: '111122223333',
        time: `${clock.now().toISOString().slice(0, 19)}Z`,
        region: 'us-east-1',
        resources: ['arn:aws:s3:::input'],
        detail: created.detail,
      },
    ]);
    expect(bus.failedDeliveries).toEqual([]);
  });

  it('hands on nothing while it is disabled', async () => {
    const arn = await logger('off', 'off');
    await cloud.declare('AWS::Events::Rule', 'Off', {
      Name: 'off',
      EventPattern: { source: ['aws.s3'] },
      State: 'DISABLED',
      Targets: [{ Arn: arn, Id: 'T' }],
    });

    bus.put(created);
    await cloud.lambda.settled();

    expect(logged()).toEqual([]);
  });

  it('starts executions as the role of the target', async () => {
    const role = await cloud.role('starter');
    await cloud.declare('AWS::Events::Rule', 'Start', {
      EventPattern: { source: ['sensors'] },
      Targets: [
        {
          Arn: 'arn:aws:states:us-east-1:111122223333:stateMachine:ingest',
          Id: 'T',
          RoleArn: role,
          InputTransformer: {
            InputPathsMap: { device: '$.detail.device' },
            InputTemplate: '{"device":<device>}',
          },
        },
      ],
    });

    bus.put({ ...created, source: 'sensors', detail: { device: 'd1' } });

    expect(started).toEqual([
      {
        by: matching(/^arn:aws:sts::111122223333:assumed-role\/starter\/Events_Test-Start-/),
        arn: 'arn:aws:states:us-east-1:111122223333:stateMachine:ingest',
        input: { device: 'd1' },
      },
    ]);
  });

  it('counts what it could not deliver, and goes on with its other targets', async () => {
    const allowed = await logger('allowed', 'mixed');
    const denied = await cloud.fn('denied', `export const handler = async () => {};`);
    await cloud.declare('AWS::Events::Rule', 'Mixed', {
      Name: 'mixed',
      EventPattern: { source: ['aws.s3'] },
      Targets: [
        { Arn: denied, Id: 'Denied' },
        {
          Arn: 'arn:aws:states:us-east-1:111122223333:stateMachine:refusing',
          Id: 'Refusing',
          RoleArn: await cloud.role('starter'),
        },
        { Arn: allowed, Id: 'Allowed' },
      ],
    });

    bus.put(created);
    await cloud.lambda.settled();

    expect(bus.failedDeliveries).toEqual([
      { ruleName: 'mixed', targetId: 'Denied', error: 'AccessDenied' },
      { ruleName: 'mixed', targetId: 'Refusing', error: 'ExecutionAlreadyExists' },
    ]);
    expect(logged()).toHaveLength(1);
  });

  it('puts what it could not deliver into the dead-letter queue, if that lets it', async () => {
    const nobody = 'arn:aws:lambda:us-east-1:111122223333:function:nobody';
    for (const name of ['good', 'bad']) {
      await cloud.declare('AWS::Events::Rule', name, {
        Name: name,
        EventPattern: { source: [name] },
        Targets: [
          {
            Arn: nobody,
            Id: 'T',
            DeadLetterConfig: { Arn: 'arn:aws:sqs:us-east-1:111122223333:dead' },
            RetryPolicy: { MaximumRetryAttempts: 2 },
          },
        ],
      });
    }

    bus.put({ ...created, source: 'good' });
    bus.put({ ...created, source: 'bad' });
    await bus.settled();

    expect(deadLetters).toEqual([
      partly({
        QueueUrl: `${cloud.surroundings.endpoint()}/111122223333/dead`,
        MessageBody: containing('"source":"good"'),
        MessageAttributes: partly({
          RULE_ARN: { DataType: 'String', StringValue: ruleArn('good') },
        }),
      }),
    ]);
    expect(bus.failedDeliveries.map(({ ruleName }) => ruleName)).toEqual(['good', 'bad', 'bad']);
  });

  it.each([
    ['EventBusName', { EventBusName: 'mine' }],
    ['EventPattern', { EventPattern: { source: [{ wildcard: '*' }] } }],
    ['ScheduleExpression', { ScheduleExpression: 'at(now)' }],
    ['EventPattern', { EventPattern: undefined }],
    ['Targets.0', { Targets: [{ Id: 'T', Arn: 'arn:aws:sqs:us-east-1:111122223333:q' }] }],
    [
      'Targets.0.SqsParameters',
      { Targets: [{ Id: 'T', Arn: 'arn:aws:sqs:us-east-1:1:q', SqsParameters: {} }] },
    ],
    [
      'Targets.0.RoleArn',
      { Targets: [{ Id: 'T', Arn: 'arn:aws:states:us-east-1:111122223333:stateMachine:m' }] },
    ],
    ['RoleArn', { RoleArn: 'arn:aws:iam::111122223333:role/x' }],
  ])('is refused by the name of what is not supported: %s', async (property, properties) => {
    const creation = cloud.declare('AWS::Events::Rule', 'Refused', {
      EventPattern: { source: ['a'] },
      ...properties,
    });

    await expect(creation).rejects.toThrow(`Test/Refused (AWS::Events::Rule): ${property}`);
  });
});

describe('a rule with a schedule', () => {
  async function hourly(state = 'ENABLED'): Promise<void> {
    const arn = await logger('sweep', 'hourly');
    await cloud.declare('AWS::Events::Rule', 'HourlyRule0A1B2C3D', {
      Name: 'hourly',
      ScheduleExpression: 'rate(1 hour)',
      State: state,
      Targets: [{ Arn: arn, Id: 'T' }],
    });
  }

  it('fires by the clock of the cloud', async () => {
    await hourly();

    await clock.advance(3_599_999);
    await cloud.lambda.settled();
    const early = logged().length;
    await clock.advance(3_600_001);
    await cloud.lambda.settled();

    expect(early).toBe(0);
    expect(logged()).toHaveLength(2);
    expect(logged()[0]).toMatchObject({
      source: 'aws.events',
      'detail-type': 'Scheduled Event',
      resources: [ruleArn('hourly')],
      detail: {},
    });
  });

  it.each(['hourly', ruleArn('hourly'), 'HourlyRule0A1B2C3D', 'HourlyRule'])(
    'fires at once when a test asks for it as %s, even if it is disabled',
    async (name) => {
      await hourly('DISABLED');

      bus.triggerSchedule(name);
      await cloud.lambda.settled();
      await clock.advance(7_200_000);

      expect(logged()).toHaveLength(1);
      expect(() => bus.triggerSchedule('other')).toThrow('no scheduled rule is called other');
    },
  );
});

describe('PutEvents', () => {
  async function put(body: unknown, operation = 'PutEvents', ...statements: object[]) {
    const role = await cloud.role(`putter-${randomUUID().slice(0, 8)}`, ...statements);
    const response = await signedPost(
      cloud.surroundings.endpoint(),
      'events',
      cloud.credentials(role),
      {
        path: '/',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `AWSEvents.${operation}`,
        },
        body: JSON.stringify(body),
      },
    );
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  const may = { Action: 'events:PutEvents', Resource: '*' };
  const entry = { Source: 'sensors', DetailType: 'Reading', Detail: '{"a":1}' };

  it('puts events of a caller who may, and says which entries it refused', async () => {
    await cloud.declare('AWS::Events::Rule', 'All', {
      EventPattern: { source: [{ prefix: 'sens' }] },
      Targets: [
        {
          Arn: 'arn:aws:states:us-east-1:111122223333:stateMachine:ingest',
          Id: 'T',
          RoleArn: await cloud.role('starter'),
        },
      ],
    });

    const { status, body } = await put(
      {
        Entries: [
          entry,
          { ...entry, Source: 'aws.s3' },
          { ...entry, Detail: 'no json' },
          { ...entry, DetailType: undefined },
          { ...entry, EventBusName: 'other' },
        ],
      },
      'PutEvents',
      may,
    );

    expect(status).toBe(200);
    expect(body).toEqual({
      FailedEntryCount: 4,
      Entries: [
        { EventId: anyText },
        partly({ ErrorCode: 'NotAuthorizedForSourceException' }),
        partly({ ErrorCode: 'MalformedDetail' }),
        partly({ ErrorCode: 'InvalidArgument' }),
        partly({ ErrorCode: 'ResourceNotFoundException' }),
      ],
    });
    expect(started.map(({ input }) => input)).toEqual([
      partly({ source: 'sensors', detail: { a: 1 } }),
    ]);
  });

  it('is denied to a caller who may put events of another source only', async () => {
    const onlyOthers = {
      ...may,
      Condition: { StringEquals: { 'events:source': 'other' } },
    };

    const { status, body } = await put({ Entries: [entry] }, 'PutEvents', onlyOthers);

    expect([status, body.__type]).toEqual([400, 'AccessDeniedException']);
  });

  it.each([
    [{ Entries: [] }, 'PutEvents', 'ValidationException'],
    [{ Entries: [{ ...entry, TraceHeader: 'x' }] }, 'PutEvents', 'UnsupportedOperation'],
    [{}, 'PutRule', 'UnsupportedOperation'],
  ])('refuses %j of %s', async (body, operation, code) => {
    const response = await put(body, operation, may);

    expect(response.body.__type).toBe(code);
  });
});
