import { describe, expect, it } from 'vitest';
import type { DeclaredResource, FunctionAnswer, FunctionInvoker } from '../../../local/api.ts';
import { createCustomResource, isCustomType } from '../../../local/assembly/custom-resource.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { Callbacks } from '../../../local/gateway/callbacks.ts';
import { deploymentCaller } from '../../../local/services/iam/deployment-caller.ts';

const target = { accountId: '111122223333', region: 'us-east-1' };
const ServiceToken = 'arn:aws:lambda:us-east-1:111122223333:function:maker';

const resource: DeclaredResource = {
  stack: 'Stack',
  logicalId: 'Made',
  type: 'Custom::Made',
  properties: { ServiceToken, Count: 3, Deep: [{ on: true }] },
  tags: {},
};

type Event = Record<string, unknown> & { ResponseURL: string };

/** Invokes a function that a test plays. */
function create(
  play: (
    event: Event,
    callbacks: Callbacks,
    clock: VirtualClock,
  ) => FunctionAnswer | Promise<FunctionAnswer>,
  declared: DeclaredResource = resource,
) {
  const callbacks = new Callbacks(() => 'http://127.0.0.1:1');
  const clock = new VirtualClock();
  const invoker: FunctionInvoker = {
    invoke: async (_caller, functionName, payload) => {
      expect(functionName).toBe(ServiceToken);
      return play(JSON.parse(payload) as Event, callbacks, clock);
    },
    invokeLater: () => undefined,
  };
  return createCustomResource(declared, {
    target,
    clock,
    callbacks,
    invoker,
    caller: deploymentCaller(target),
  });
}

function answer(event: Event, callbacks: Callbacks, body: object): FunctionAnswer {
  callbacks.deliver(new URL(event.ResponseURL).pathname, JSON.stringify(body));
  return { payload: 'null' };
}

describe('a custom resource', () => {
  it('is made by its function, which hears a Create event with every scalar as text', async () => {
    let heard: Event | undefined;

    const made = await create((event, callbacks) => {
      heard = event;
      return answer(event, callbacks, {
        Status: 'SUCCESS',
        PhysicalResourceId: 'id-1',
        Data: { Arn: 'arn-1', Size: 5 },
      });
    });

    expect(made).toEqual({ ref: 'id-1', attributes: { Arn: 'arn-1', Size: '5' } });
    expect(heard).toMatchObject({
      RequestType: 'Create',
      ResourceType: 'Custom::Made',
      LogicalResourceId: 'Made',
      StackId: expect.stringMatching(
        /^arn:aws:cloudformation:us-east-1:111122223333:stack\/Stack\//,
      ) as string,
      ResourceProperties: { ServiceToken, Count: '3', Deep: [{ on: 'true' }] },
    });
  });

  it('whose function answers FAILED fails with its reason', async () => {
    const made = create((event, callbacks) =>
      answer(event, callbacks, { Status: 'FAILED', Reason: 'no room' }),
    );

    await expect(made).rejects.toThrow('its function answered FAILED: no room');
  });

  it('whose function throws fails', async () => {
    const made = create(() => ({ payload: '{}', functionError: 'Unhandled' }));

    await expect(made).rejects.toThrow('its function failed');
  });

  it('whose function never answers fails when its time is up', async () => {
    const made = create(
      (_event, _callbacks, clock) => {
        setTimeout(() => void clock.advance(60_000), 5);
        return { payload: 'null' };
      },
      { ...resource, properties: { ServiceToken, ServiceTimeout: '60' } },
    );

    await expect(made).rejects.toThrow('did not answer within 60 seconds');
  });

  it('without a function is refused', async () => {
    const made = create(() => ({ payload: '' }), {
      ...resource,
      properties: { ServiceToken: 'arn:aws:sns:x' },
    });

    await expect(made).rejects.toThrow(
      /Stack\/Made \(Custom::Made\): ServiceToken: must be the ARN of a Lambda function/,
    );
  });

  it('is told by its type', () => {
    expect(
      ['Custom::X', 'AWS::CloudFormation::CustomResource', 'AWS::S3::Bucket'].map(isCustomType),
    ).toEqual([true, true, false]);
  });
});
