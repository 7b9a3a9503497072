import { SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Service } from '../../../../local/api.ts';
import {
  createEventsService,
  type EventsService,
} from '../../../../local/services/events/events-service.ts';
import {
  createStatesService,
  type StatesService,
} from '../../../../local/services/states/states-service.ts';
import { startSmallCloud, type SmallCloud } from '../lambda/small-cloud.ts';
import { single } from './workflow-cloud.ts';

let cloud: SmallCloud;
let events: EventsService;
let sfn: SFNClient;

const ruleArn = 'arn:aws:events:us-east-1:111122223333:rule/ended';

beforeAll(async () => {
  cloud = await startSmallCloud();
  const { surroundings, lambda } = cloud;
  const noQueue = (): Service => {
    throw new Error('no dead letter is expected');
  };
  events = cloud.serve(createEventsService(surroundings, lambda, () => states, noQueue));
  const states: StatesService = cloud.serve(
    createStatesService(surroundings, lambda, events, { append: () => undefined }),
  );
  const role = await cloud.role('operator', { Action: 'states:*', Resource: '*' });
  sfn = new SFNClient({
    region: 'us-east-1',
    endpoint: surroundings.endpoint(),
    credentials: cloud.credentials(role),
  });
});

afterAll(() => cloud.stop());

it('tells a rule of an execution that was stopped, and its function runs', async () => {
  const waiting = await cloud.declare('AWS::StepFunctions::StateMachine', 'Waiting', {
    DefinitionString: JSON.stringify(single({ Type: 'Wait', Seconds: 600 })),
    RoleArn: await cloud.role('machine'),
  });
  const sweep = await cloud.fn(
    'sweep',
    `export const handler = async ({ detail }) => { process.stdout.write('SWEPT ' + detail.status + ' ' + detail.executionArn + '\\n'); };`,
  );
  await cloud.declare('AWS::Lambda::Permission', 'FromRule', {
    Action: 'lambda:InvokeFunction',
    FunctionName: sweep,
    Principal: 'events.amazonaws.com',
    SourceArn: ruleArn,
  });
  await cloud.declare('AWS::Events::Rule', 'Ended', {
    Name: 'ended',
    EventPattern: {
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: {
        stateMachineArn: [waiting.ref],
        status: ['ABORTED', 'TIMED_OUT', 'FAILED'],
      },
    },
    Targets: [{ Arn: sweep, Id: 'Target0' }],
  });
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn: waiting.ref }),
  );

  await sfn.send(new StopExecutionCommand({ executionArn }));
  await cloud.lambda.settled();

  const swept = cloud.logs.filter(({ message }) => message.startsWith('SWEPT '));
  expect(swept.map(({ message }) => message)).toEqual([`SWEPT ABORTED ${executionArn!}`]);
  expect(events.failedDeliveries).toEqual([]);
});

it('starts an execution for a rule as the role of its target, and for no other', async () => {
  const ingest = await cloud.declare('AWS::StepFunctions::StateMachine', 'Ingest', {
    DefinitionString: JSON.stringify(single({ Type: 'Pass' })),
    RoleArn: await cloud.role('machine'),
  });
  const target = async (Id: string, role: string, ...rights: object[]) => ({
    Arn: ingest.ref,
    Id,
    RoleArn: await cloud.role(role, ...rights),
    InputPath: '$.detail',
  });
  const mayStart = { Action: 'states:StartExecution', Resource: ingest.ref };
  await cloud.declare('AWS::Events::Rule', 'Readings', {
    Name: 'readings',
    EventPattern: { source: ['sensors'] },
    Targets: [await target('May', 'may-start', mayStart), await target('MayNot', 'may-not-start')],
  });

  events.put({ source: 'sensors', detailType: 'Reading', resources: [], detail: { device: 'd1' } });

  const started = await vi.waitFor(async () => {
    const lines = (await cloud.accessLog()).filter(
      ({ eventName }) => eventName === 'StartExecution',
    );
    const internal = lines.filter((line) => line.sourceIPAddress === 'AWS Internal');
    expect(internal).toHaveLength(2);
    return internal;
  });
  expect(started.map(({ errorCode }) => errorCode)).toEqual([undefined, 'AccessDenied']);
  expect(events.failedDeliveries).toEqual([
    { ruleName: 'readings', targetId: 'MayNot', error: 'AccessDenied' },
  ]);
});
