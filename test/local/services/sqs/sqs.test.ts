import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AddPermissionCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  TagQueueCommand,
} from '@aws-sdk/client-sqs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, type StorageKeys } from '../../../../local/api.ts';
import { systemClock } from '../../../../local/clock.ts';
import { createSqsService } from '../../../../local/services/sqs/sqs-service.ts';
import { accountId, region, startToyCloud, type ToyCloud } from '../../gateway/toy-cloud.ts';

const arn = (name: string) => `arn:aws:sqs:${region}:${accountId}:${name}`;

let cloud: ToyCloud;
let service: ReturnType<typeof createSqsService>;
let sqs: SQSClient;
let keyUses: string[];
/** How far the cloud's clock is ahead of the machine's. */
let aheadMs: number;
/** How often the key will be refused. */
let refusals: number;

const keys: StorageKeys = {
  generate: (_call, via, keyArn) => {
    if (refusals > 0) {
      refusals -= 1;
      throw new ApiError('AccessDeniedException', 'The key is not for you.', 400);
    }
    keyUses.push(`generate ${keyArn} via ${via}`);
    return { keyArn };
  },
  use: (_call, via, keyArn) => void keyUses.push(`use ${keyArn} via ${via}`),
  attach: () => undefined,
};

beforeEach(async () => {
  keyUses = [];
  aheadMs = 0;
  refusals = 0;
  cloud = await startToyCloud({
    ...systemClock,
    now: () => new Date(systemClock.now().getTime() + aheadMs),
  });
  const { directory, gateway } = cloud;
  service = createSqsService(
    { region, accountId, directory, endpoint: () => gateway.endpoint },
    keys,
  );
  cloud.serve(service);
  cloud.role('all', [{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }]);
  sqs = new SQSClient(cloud.as('all'));
});

afterEach(async () => {
  await service.stop?.();
  await cloud.stop();
});

async function queue(QueueName: string, Attributes: Record<string, string> = {}): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  return QueueUrl!;
}

async function receive(QueueUrl: string, VisibilityTimeout?: number, WaitTimeSeconds = 0) {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      VisibilityTimeout,
      WaitTimeSeconds,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return Messages;
}

async function counts(QueueUrl: string): Promise<string[]> {
  const AttributeNames = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
  ] as const;
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
  );
  return AttributeNames.map((name) => Attributes![name]!);
}

describe('a queue', () => {
  it('lives at the gateway, under our account', async () => {
    const QueueUrl = await queue('objects');

    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
    );
    const { QueueUrls } = await sqs.send(new ListQueuesCommand({}));
    const named = await sqs.send(new GetQueueUrlCommand({ QueueName: 'objects' }));

    expect(QueueUrl).toBe(`${cloud.gateway.endpoint}/${accountId}/objects`);
    expect(Attributes).toEqual({ QueueArn: arn('objects') });
    expect([QueueUrls, named.QueueUrl]).toEqual([[QueueUrl], QueueUrl]);
  });

  it('is gone for everyone once deleted', async () => {
    const QueueUrl = await queue('objects');

    await sqs.send(new DeleteQueueCommand({ QueueUrl }));

    await expect(receive(QueueUrl)).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    expect((await sqs.send(new ListQueuesCommand({}))).QueueUrls ?? []).toEqual([]);
  });

  it('is created once: the same again answers it, other attributes are refused', async () => {
    const first = await queue('objects', { VisibilityTimeout: '60' });
    const second = await queue('objects', { VisibilityTimeout: '60' });

    expect(second).toBe(first);
    await expect(queue('objects', { VisibilityTimeout: '61' })).rejects.toMatchObject({
      name: 'QueueNameExists',
    });
  });
});

describe('messages', () => {
  it('are hidden while somebody works on them, come back when the time is up, and end when deleted', async () => {
    const QueueUrl = await queue('objects');
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));

    const [first] = await receive(QueueUrl, 1);
    const hidden = await receive(QueueUrl);
    const during = await counts(QueueUrl);
    await delay(1100);
    const after = await counts(QueueUrl);
    const [again] = await receive(QueueUrl, 30);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: again!.ReceiptHandle }));

    expect(hidden).toEqual([]);
    expect([during, after]).toEqual([
      ['0', '1'],
      ['1', '0'],
    ]);
    expect([first, again].map((message) => message?.Attributes?.ApproximateReceiveCount)).toEqual([
      '1',
      '2',
    ]);
    expect(await counts(QueueUrl)).toEqual(['0', '0']);
  });

  it('stay hidden longer, or come back at once, when their visibility changes', async () => {
    const QueueUrl = await queue('objects');
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));
    const [message] = await receive(QueueUrl, 30);

    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: message!.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );

    expect(await receive(QueueUrl)).toHaveLength(1);
  });

  it('go to the dead-letter queue after their last try', async () => {
    const dead = await queue('dead');
    const QueueUrl = await queue('objects', {
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 2 }),
    });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'poison' }));

    const tries = [
      await receive(QueueUrl, 0),
      await receive(QueueUrl, 0),
      await receive(QueueUrl, 0),
    ];

    const [buried] = await receive(dead);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['RedrivePolicy'] }),
    );
    expect(tries.map((messages) => messages.length)).toEqual([1, 1, 0]);
    expect(buried?.Body).toBe('poison');
    expect(JSON.parse(Attributes!.RedrivePolicy!)).toMatchObject({
      deadLetterTargetArn: arn('dead'),
    });
  });

  it('wake a receiver that waits', async () => {
    const QueueUrl = await queue('objects');

    const waiting = receive(QueueUrl, 30, 10);
    await delay(100);
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));

    expect((await waiting).map(({ Body }) => Body)).toEqual(['one']);
  });

  it('let a receiver wait no longer than it asked', async () => {
    const QueueUrl = await queue('objects');
    const started = performance.now();

    const messages = await receive(QueueUrl, 30, 1);

    expect(messages).toEqual([]);
    expect(performance.now() - started).toBeGreaterThan(900);
  });

  it('are handed to one of several receivers', async () => {
    const QueueUrl = await queue('objects');
    const Entries = Array.from({ length: 10 }, (_, index) => ({
      Id: `m${index}`,
      MessageBody: `${index}`,
    }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));

    const received = await Promise.all([receive(QueueUrl), receive(QueueUrl), receive(QueueUrl)]);

    expect(
      received
        .flat()
        .map(({ Body }) => Body)
        .sort(),
    ).toEqual(Entries.map(({ MessageBody }) => MessageBody));
  });
});

describe('policies', () => {
  it('of a queue let in whom its callers’ own policies do not', async () => {
    cloud.role('sender', []);
    const sender = new SQSClient(cloud.as('sender'));
    const QueueUrl = await queue('objects');
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${accountId}:role/sender` },
          Action: 'sqs:SendMessage',
          Resource: arn('objects'),
        },
      ],
    });
    const send = () => sender.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));

    await expect(send()).rejects.toMatchObject({ name: 'AccessDenied' });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));

    await expect(send()).resolves.toBeDefined();
  });

  it('of a template hold for the queues it names', async () => {
    const queueUrl = await queue('objects');
    const handler = service.resources.find(({ type }) => type === 'AWS::SQS::QueuePolicy');
    await handler!.create({
      stack: 'Batch',
      logicalId: 'Policy',
      type: 'AWS::SQS::QueuePolicy',
      properties: {
        Queues: [queueUrl],
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: arn('objects') },
          ],
        },
      },
      tags: {},
    });

    await expect(receive(queueUrl)).rejects.toThrow(/explicit deny in a resource-based policy/);
  });

  it('on tags hold for requests and queues', async () => {
    cloud.role('tagger', [
      {
        Effect: 'Allow',
        Action: ['sqs:CreateQueue', 'sqs:TagQueue'],
        Resource: '*',
        Condition: { StringEquals: { 'aws:RequestTag/run': 'r1' } },
      },
      {
        Effect: 'Allow',
        Action: 'sqs:DeleteQueue',
        Resource: '*',
        Condition: { StringEquals: { 'aws:ResourceTag/run': 'r1' } },
      },
    ]);
    const tagger = new SQSClient(cloud.as('tagger'));
    const other = await queue('other');

    const untagged = tagger.send(new CreateQueueCommand({ QueueName: 'mine' }));
    const foreign = tagger.send(new DeleteQueueCommand({ QueueUrl: other }));

    await expect(untagged).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(foreign).rejects.toMatchObject({ name: 'AccessDenied' });
    const { QueueUrl } = await tagger.send(
      new CreateQueueCommand({ QueueName: 'mine', tags: { run: 'r1' } }),
    );
    await expect(tagger.send(new DeleteQueueCommand({ QueueUrl }))).resolves.toBeDefined();
  });
});

describe('a queue of a template', () => {
  it('has the attributes, tags and redrive of its declaration', async () => {
    const handler = service.resources.find(({ type }) => type === 'AWS::SQS::Queue');
    const declare = (logicalId: string, properties: Record<string, unknown>) =>
      handler!.create({
        stack: 'Batch',
        logicalId,
        type: 'AWS::SQS::Queue',
        properties,
        tags: { study: 'one' },
      });
    const dead = await declare('Dead', { QueueName: 'dead' });

    const made = await declare('Objects', {
      VisibilityTimeout: 120,
      RedrivePolicy: { deadLetterTargetArn: dead.attributes!.Arn, maxReceiveCount: 4 },
      KmsMasterKeyId: 'arn:key',
    });

    const QueueUrl = made.ref;
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl,
        AttributeNames: ['VisibilityTimeout', 'RedrivePolicy'],
      }),
    );
    const { Tags } = await sqs.send(new ListQueueTagsCommand({ QueueUrl }));
    expect(made.attributes).toEqual({
      Arn: arn('Batch-Objects'),
      QueueName: 'Batch-Objects',
      QueueUrl,
    });
    expect(Attributes?.VisibilityTimeout).toBe('120');
    expect(JSON.parse(Attributes!.RedrivePolicy!)).toEqual({
      deadLetterTargetArn: arn('dead'),
      maxReceiveCount: 4,
    });
    expect(Tags).toEqual({ study: 'one' });
  });

  it('under a KMS key asks for the key as the caller, via SQS', async () => {
    const QueueUrl = await queue('objects', { KmsMasterKeyId: 'arn:key' });

    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));
    await receive(QueueUrl);

    const via = 'arn:key via sqs.us-east-1.amazonaws.com';
    expect(keyUses).toEqual([`generate ${via}`, `use ${via}`, `use ${via}`]);
  });

  it.each([
    { period: undefined, seconds: 300 },
    { period: '60', seconds: 60 },
  ])(
    'asks for the key again when its data key was used for $seconds s, each principal for itself',
    async ({ period, seconds }) => {
      const QueueUrl = await queue('objects', {
        KmsMasterKeyId: 'arn:key',
        ...(period === undefined ? {} : { KmsDataKeyReusePeriodSeconds: period }),
      });
      cloud.role('other', [{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }]);
      const asked = async (client: SQSClient): Promise<number> => {
        keyUses = [];
        await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));
        return keyUses.length;
      };

      const first = await asked(sqs);
      const again = await asked(sqs);
      const other = await asked(new SQSClient(cloud.as('other')));
      aheadMs = (seconds - 5) * 1000;
      const within = await asked(sqs);
      aheadMs = (seconds + 1) * 1000;
      const after = await asked(sqs);

      expect([first, again, other, within, after]).toEqual([2, 0, 2, 0, 2]);
    },
  );

  it('asks for the key each time while it is refused', async () => {
    const QueueUrl = await queue('objects', { KmsMasterKeyId: 'arn:key' });
    refusals = 2;
    const send = () => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));

    await expect(send()).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(send()).rejects.toMatchObject({ name: 'AccessDenied' });
    await send();

    expect(keyUses).toHaveLength(2);
  });

  it('refuses a reuse period that AWS would not take', async () => {
    for (const KmsDataKeyReusePeriodSeconds of ['59', '86401', 'soon']) {
      await expect(queue('objects', { KmsDataKeyReusePeriodSeconds })).rejects.toMatchObject({
        name: 'InvalidParameterValue',
      });
    }
  });
});

describe('the journal of messages', () => {
  it('keeps what was sent, when the queue is gone', async () => {
    const QueueUrl = await queue('objects');
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));
    await sqs.send(
      new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: 'a', MessageBody: 'two' }] }),
    );
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));

    const journal = await readFile(join(cloud.directory, 'sqs', 'messages.jsonl'), 'utf8');

    const bodies = journal
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { MessageBody: string }).MessageBody);
    expect(bodies).toEqual(['one', 'two']);
  });
});

describe('what is not supported or wrong', () => {
  it('is refused by name', async () => {
    const QueueUrl = await queue('objects');

    const outcomes = await Promise.allSettled([
      queue('objects.fifo'),
      queue('no-target', {
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn('ghost'), maxReceiveCount: 1 }),
      }),
      sqs.send(new AddPermissionCommand({ QueueUrl, Label: 'l', AWSAccountIds: [], Actions: [] })),
      sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageGroupId: 'g' })),
      sqs.send(new TagQueueCommand({ QueueUrl: 'http://elsewhere/1/2/3', Tags: {} })),
    ]);

    expect(
      outcomes.map((outcome) =>
        outcome.status === 'rejected' ? (outcome.reason as Error).message : 'ok',
      ),
    ).toEqual([
      "1 validation error detected: Value at 'QueueName' failed to satisfy constraint: FIFO queues and other names are not supported",
      'Invalid value for the parameter RedrivePolicy. Reason: Dead letter target does not exist.',
      'SQS AddPermission is not supported by the embedded cloud',
      'SQS SendMessage: parameter MessageGroupId is not supported by the embedded cloud',
      'QueueUrl is not the URL of a queue.',
    ]);
  });
});

describe('the access log', () => {
  it('tells the queue of a message and not the message', async () => {
    const QueueUrl = await queue('objects');
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'canary' }));

    const records = await cloud.log();
    expect(records.at(-1)).toMatchObject({
      eventName: 'SendMessage',
      eventCategory: 'Data',
      requestParameters: { queueUrl: QueueUrl },
      resources: [{ ARN: arn('objects'), type: 'AWS::SQS::Queue' }],
    });
    expect(JSON.stringify(records)).not.toContain('canary');
  });
});
