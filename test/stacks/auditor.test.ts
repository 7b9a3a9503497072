import { beforeAll, describe, expect, it } from 'vitest';
import { account, region } from '../support/resolve.ts';
import { sceneOf, type Scene } from '../support/study-scene.ts';
import { synthesize } from '../support/synth.ts';

let scene: Scene;

beforeAll(async () => {
  scene = sceneOf((await synthesize({ ingest: true })).templates);
});

const arn = (service: string, resource: string) =>
  `arn:aws:${service}:${region}:${account}:${resource}`;
const may = (action: string, resource: string) =>
  scene.access.may(scene.role('PeopleAuditor'), action, resource);

describe('the auditor', () => {
  it('reads the definition that an execution of a batch ran, and of no other machine', () => {
    const action = 'states:DescribeStateMachineForExecution';

    expect(may(action, arn('states', 'execution:czarhipaa-batch:run'))).toBe(true);
    expect(may(action, arn('states', 'execution:other:run'))).toBe(false);
  });

  it('learns since when a queue of a batch is there, and takes no message of it', () => {
    const queue = arn('sqs', 'czarhipaa-batch-x-y');

    expect(may('sqs:GetQueueAttributes', queue)).toBe(true);
    expect(may('sqs:GetQueueAttributes', arn('sqs', 'czarhipaa-sensors'))).toBe(false);
    for (const action of ['ReceiveMessage', 'SendMessage', 'DeleteMessage', 'DeleteQueue']) {
      expect(may(`sqs:${action}`, queue)).toBe(false);
    }
  });

  it('ends nothing that is left over', () => {
    for (const [action, resource] of [
      ['ec2:TerminateInstances', arn('ec2', 'instance/i-1')],
      ['states:StopExecution', arn('states', 'execution:czarhipaa-batch:run')],
    ] as const) {
      expect(may(action, resource)).toBe(false);
    }
  });
});
