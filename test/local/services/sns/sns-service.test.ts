import { PublishCommand, SNSClient, type PublishCommandInput } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKmsService } from '../../../../local/services/kms/kms-service.ts';
import { createSnsService, type SnsService } from '../../../../local/services/sns/sns-service.ts';
import { startSmallCloud, type SmallCloud } from '../lambda/small-cloud.ts';
import { anyText, containing, partly } from '../lambda/matchers.ts';

let cloud: SmallCloud;
let sns: SnsService;
let count = 0;

beforeAll(async () => {
  cloud = await startSmallCloud();
  const kms = cloud.serve(createKmsService(cloud.surroundings));
  sns = cloud.serve(createSnsService(cloud.surroundings, cloud.lambda, kms));
});

afterAll(() => cloud.stop());

async function client(...statements: object[]): Promise<SNSClient> {
  const role = await cloud.role(`publisher-${(count += 1)}`, ...statements);
  const endpoint = cloud.surroundings.endpoint();
  return new SNSClient({
    region: 'us-east-1',
    endpoint,
    credentials: cloud.credentials(role),
    maxAttempts: 1,
  });
}

async function topic(name: string, properties = {}): Promise<string> {
  const created = await cloud.declare('AWS::SNS::Topic', name, { TopicName: name, ...properties });
  return created.ref;
}

const mayPublish = { Action: 'sns:Publish', Resource: '*' };

describe('publishing', () => {
  it('invokes the functions that subscribed, with the notification of SNS', async () => {
    const arn = await topic('news');
    const fn = await cloud.fn(
      'reader',
      `export const handler = async (event) => { process.stdout.write('EVENT ' + JSON.stringify(event) + '\\n'); };`,
    );
    await cloud.declare('AWS::Lambda::Permission', 'FromTopic', {
      Action: 'lambda:InvokeFunction',
      FunctionName: fn,
      Principal: 'sns.amazonaws.com',
      SourceArn: arn,
    });
    await cloud.declare('AWS::SNS::Subscription', 'Reader', {
      TopicArn: arn,
      Protocol: 'lambda',
      Endpoint: fn,
    });
    const publisher = await client(mayPublish);

    const { MessageId } = await publisher.send(
      new PublishCommand({
        TopicArn: arn,
        Subject: 'Batch done',
        Message: '{"batchId":"b-1"} <&>',
        MessageAttributes: { kind: { DataType: 'String', StringValue: 'done' } },
      }),
    );
    await cloud.lambda.settled();

    const line = cloud.logs.find(({ message }) => message.startsWith('EVENT '));
    expect(JSON.parse(line!.message.slice(6))).toEqual({
      Records: [
        {
          EventSource: 'aws:sns',
          EventVersion: '1.0',
          EventSubscriptionArn: containing(`${arn}:`),
          Sns: partly({
            Type: 'Notification',
            MessageId,
            TopicArn: arn,
            Subject: 'Batch done',
            Message: '{"batchId":"b-1"} <&>',
            MessageAttributes: { kind: { Type: 'String', Value: 'done' } },
          }),
        },
      ],
    });
    expect(cloud.lambda.deadInvocations).toEqual([]);
  });

  it('records what was published, and mail to subscribers instead of sending it', async () => {
    const arn = await topic('mailed', {
      Subscription: [{ Protocol: 'email', Endpoint: 'pi@example.edu' }],
    });
    const publisher = await client(mayPublish);

    await publisher.send(new PublishCommand({ TargetArn: arn, Message: 'hello' }));

    expect(sns.published().filter(({ topicArn }) => topicArn === arn)).toEqual([
      partly({
        message: 'hello',
        subject: undefined,
        mailedTo: ['pi@example.edu'],
      }),
    ]);
  });

  it('is denied to a caller whom neither its own nor the policy of the topic lets', async () => {
    const arn = await topic('closed');
    const publisher = await client({ Action: 'sns:Publish', Resource: `${arn}-other` });

    const publishing = publisher.send(new PublishCommand({ TopicArn: arn, Message: 'x' }));

    await expect(publishing).rejects.toMatchObject({ name: 'AuthorizationErrorException' });
    expect(sns.published().some(({ topicArn }) => topicArn === arn)).toBe(false);
  });

  it('is allowed, and denied, by the policy of the topic', async () => {
    const open = await topic('open');
    const barred = await topic('barred');
    const account = 'arn:aws:iam::111122223333:role';
    const statement = { Action: 'sns:Publish', Principal: '*' };
    await cloud.declare('AWS::SNS::TopicPolicy', 'Open', {
      Topics: [open],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            ...statement,
            Effect: 'Allow',
            Principal: { AWS: `${account}/publisher-${count + 1}` },
            Resource: open,
          },
        ],
      },
    });
    await cloud.declare('AWS::SNS::TopicPolicy', 'Barred', {
      Topics: [barred],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ ...statement, Effect: 'Deny', Resource: barred }],
      },
    });
    const withoutRights = await client();
    const withRights = await client(mayPublish);

    const allowed = withoutRights.send(new PublishCommand({ TopicArn: open, Message: 'x' }));
    const denied = withRights.send(new PublishCommand({ TopicArn: barred, Message: 'x' }));

    await expect(allowed).resolves.toMatchObject({ MessageId: anyText });
    await expect(denied).rejects.toMatchObject({ name: 'AuthorizationErrorException' });
  });

  it('to an encrypted topic takes the rights on its key, through SNS', async () => {
    const key = await cloud.declare('AWS::KMS::Key', 'StorageKey', {
      KeyPolicy: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: 'arn:aws:iam::111122223333:root' },
            Action: 'kms:*',
            Resource: '*',
          },
        ],
      },
    });
    const keyArn = key.attributes?.Arn;
    const arn = await topic('encrypted', { KmsMasterKeyId: keyArn });
    const mayUseKey = {
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: keyArn,
      Condition: { StringEquals: { 'kms:ViaService': 'sns.us-east-1.amazonaws.com' } },
    };
    const message = new PublishCommand({ TopicArn: arn, Message: 'x' });

    const without = (await client(mayPublish)).send(message);
    const withKey = (await client(mayPublish, mayUseKey)).send(message);

    await expect(without).rejects.toMatchObject({ name: 'KMSAccessDeniedException' });
    await expect(withKey).resolves.toMatchObject({ MessageId: anyText });
  });

  it.each<[string, Partial<PublishCommandInput>, string]>([
    ['a topic that is not there', {}, 'NotFoundException'],
    ['messages by protocol', { MessageStructure: 'json' }, 'UnsupportedOperation'],
    ['a message to a phone', { PhoneNumber: '+15550100' }, 'UnsupportedOperation'],
    ['a message group', { MessageGroupId: 'g' }, 'UnsupportedOperation'],
    ['a message that is too long', { Message: 'x'.repeat(262_145) }, 'InvalidParameterException'],
  ])('is refused for %s', async (_what, input, name) => {
    const publisher = await client(mayPublish);
    const TopicArn = 'arn:aws:sns:us-east-1:111122223333:nobody';

    const publishing = publisher.send(new PublishCommand({ TopicArn, Message: 'x', ...input }));

    await expect(publishing).rejects.toMatchObject({ name });
  });

  it('never writes the message to the access log', async () => {
    const arn = await topic('logged');
    const publisher = await client(mayPublish);

    await publisher.send(new PublishCommand({ TopicArn: arn, Message: 'canary-7f3a' }));

    const lines = await cloud.accessLog();
    expect(lines).toContainEqual(
      partly({
        eventName: 'Publish',
        resources: [partly({ ARN: arn })],
      }),
    );
    expect(JSON.stringify(lines)).not.toContain('canary-7f3a');
  });
});

describe('a topic of a template', () => {
  it.each([
    ['AWS::SNS::Topic', 'FifoTopic', { FifoTopic: true }],
    ['AWS::SNS::Topic', 'DeliveryStatusLogging', { DeliveryStatusLogging: [] }],
    [
      'AWS::SNS::Topic',
      'Subscription.0.Protocol',
      { Subscription: [{ Protocol: 'sqs', Endpoint: 'x' }] },
    ],
    [
      'AWS::SNS::Subscription',
      'FilterPolicy',
      { TopicArn: 'x', Protocol: 'lambda', Endpoint: 'y', FilterPolicy: {} },
    ],
    ['AWS::SNS::Subscription', 'TopicArn', { TopicArn: 'x', Protocol: 'lambda', Endpoint: 'y' }],
  ])(
    '%s is refused by the name of what is not supported: %s',
    async (type, property, properties) => {
      await expect(cloud.declare(type, 'Refused', properties)).rejects.toThrow(
        `Test/Refused (${type}): ${property}`,
      );
    },
  );
});
