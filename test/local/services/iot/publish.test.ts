import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../local/clock.ts';
import {
  accountId,
  arn,
  closed,
  devicePolicy,
  startIotCloud,
  topicOf,
  type Device,
  type IotCloud,
} from './iot-cloud.ts';

const name = 'ABCDEFGHJ';
const canary = 'CANARY-OF-A-PAYLOAD';

let iotCloud: IotCloud;
let device: Device;

async function start(options: Parameters<typeof startIotCloud>[0] = {}): Promise<void> {
  iotCloud = await startIotCloud(options);
  device = await iotCloud.register(name);
}

const everything = [
  { Effect: 'Allow', Action: ['iot:Publish', 'iot:Receive'], Resource: arn('topic/*') },
  { Effect: 'Allow', Action: 'iot:Subscribe', Resource: arn('topicfilter/*') },
];
const openPolicy = { ...devicePolicy, Statement: [...devicePolicy.Statement, ...everything] };

afterEach(() => iotCloud.stop());

describe('a message on the own topic', () => {
  beforeEach(() => start());

  it('is in the queue byte by byte when it is acknowledged, with what AWS IoT knows of its sender', async () => {
    await iotCloud.stop();
    const clock = new VirtualClock(new Date());
    await start({ clock });
    await clock.advance(600_000);
    const client = await iotCloud.connect(device);
    const payload = Buffer.from([0, 255, 123, 10, 195, 40]);

    await client.publishAsync(topicOf(name), payload, { qos: 1 });

    expect(await iotCloud.received('sensors')).toEqual([
      {
        payload: payload.toString('base64'),
        device: name,
        receivedAt: clock.now().getTime(),
        principal: device.certificateId,
      },
    ]);
  });

  it('reaches the queue with QoS 0, too', async () => {
    const client = await iotCloud.connect(device);

    client.publish(topicOf(name), '{}', { qos: 0 });
    await client.publishAsync(topicOf(name), '{}', { qos: 1 });

    expect(await iotCloud.received('sensors')).toHaveLength(2);
  });

  it('is decided and logged once for many messages, and no log has a payload', async () => {
    const client = await iotCloud.connect(device);

    await Promise.all(
      Array.from({ length: 5 }, () => client.publishAsync(topicOf(name), canary, { qos: 1 })),
    );

    const records = await iotCloud.cloud.accessLog();
    expect(records.filter(({ eventName }) => eventName === 'Publish')).toHaveLength(1);
    expect(await iotCloud.received('sensors')).toHaveLength(5);
    const encoded = Buffer.from(canary).toString('base64');
    expect(JSON.stringify([records, iotCloud.log()])).not.toMatch(`${canary}|${encoded}`);
  });

  it('may have 128 KiB', async () => {
    const client = await iotCloud.connect(device);

    await client.publishAsync(topicOf(name), Buffer.alloc(128 * 1024), { qos: 1 });

    expect(await iotCloud.received('sensors')).toHaveLength(1);
  });
});

describe('a message that is not allowed', () => {
  it('on the topic of another device ends the connection, and is logged without its payload', async () => {
    await start();
    const client = await iotCloud.connect(device);
    const gone = closed(client);

    client.publish(topicOf('BCDEFGHJK'), canary, { qos: 1 });
    await gone;

    const records = await iotCloud.cloud.accessLog();
    expect(records.at(-1)).toMatchObject({
      eventName: 'Publish',
      errorCode: 'AccessDenied',
      requestParameters: { clientId: name, resource: `topic/${topicOf('BCDEFGHJK')}` },
    });
    expect(iotCloud.log()).toMatchObject([
      { eventType: 'Publish-In', status: 'Failure', topicName: topicOf('BCDEFGHJK') },
    ]);
    expect(JSON.stringify([records, iotCloud.log()])).not.toContain(canary);
    expect(await iotCloud.received('sensors')).toEqual([]);
  });

  it.each([
    ['retained', topicOf(name), '{}', { retain: true, qos: 1 }, 'retained messages are not'],
    ['with QoS 2', topicOf(name), '{}', { qos: 2 }, 'QoS 2 is not supported'],
    ['too long', topicOf(name), Buffer.alloc(128 * 1024 + 1), { qos: 1 }, '131072 bytes at most'],
    ['to AWS’s own topics', '$aws/rules/observations', '{}', { qos: 1 }, 'begin with $'],
    ['to a deep topic', 'a/b/c/d/e/f/g/h/i', '{}', { qos: 1 }, '7 slashes at most'],
    ['to a long topic', 'a'.repeat(257), '{}', { qos: 1 }, '256 bytes at most'],
  ] as const)(
    'because it is %s ends the connection, by name',
    async (_what, topic, payload, options, reason) => {
      await start({ policy: openPolicy });
      const client = await iotCloud.connect(device);
      const gone = closed(client);

      client.publish(topic, payload, options);
      await gone;

      expect(iotCloud.log()).toMatchObject([
        { eventType: 'Publish-In', reason: expect.stringContaining(reason) as string },
      ]);
      expect(await iotCloud.received('sensors')).toEqual([]);
    },
  );
});

describe('a subscription', () => {
  it('is refused by the policy of the devices, which stay connected', async () => {
    await start();
    const client = await iotCloud.connect(device);

    await expect(client.subscribeAsync(topicOf(name))).rejects.toMatchObject({
      packet: { granted: [128] },
    });

    expect(client.connected).toBe(true);
    expect(iotCloud.log()).toMatchObject([{ eventType: 'Subscribe', clientId: name }]);
  });

  it.each(['$share/group/czar/#', '$aws/things/x/shadow', 'a/b/c/d/e/f/g/h/#'])(
    'to %s is refused though the policy allows everything',
    async (filter) => {
      await start({ policy: openPolicy });
      const client = await iotCloud.connect(device);

      const subscribed = client.subscribeAsync(filter);

      await expect(subscribed).rejects.toMatchObject({ packet: { granted: [128] } });
    },
  );

  it('that is allowed delivers what may be received, and nothing else', async () => {
    await start({
      policy: {
        ...openPolicy,
        Statement: [
          ...openPolicy.Statement,
          { Effect: 'Deny', Action: 'iot:Receive', Resource: arn('topic/secret/*') },
        ],
      },
    });
    const client = await iotCloud.connect(device);
    const topics: string[] = [];
    client.on('message', (topic) => topics.push(topic));
    await client.subscribeAsync('#', { qos: 1 });

    await client.publishAsync('secret/a', '1', { qos: 1 });
    await client.publishAsync('open/a', '2', { qos: 1 });
    while (topics.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));

    expect(topics).toEqual(['open/a']);
  });
});

describe('a rule that is disabled', () => {
  it('gets no message, and the device’s is acknowledged all the same', async () => {
    await start({ ruleDisabled: true });
    const client = await iotCloud.connect(device);

    await client.publishAsync(topicOf(name), '{}', { qos: 1 });

    expect(await iotCloud.received('sensors')).toEqual([]);
  });
});

describe('a rule whose role may not send', () => {
  const queue = (queueName: string) => `arn:aws:sqs:us-east-1:${accountId}:${queueName}`;

  it('gives the message to the error action in the form of AWS', async () => {
    await start({ ruleRights: [{ Action: 'sqs:SendMessage', Resource: queue('errors') }] });
    const client = await iotCloud.connect(device);

    await client.publishAsync(topicOf(name), canary, { qos: 1 });

    expect(await iotCloud.received('sensors')).toEqual([]);
    const [letter] = await iotCloud.received('errors');
    expect(letter).toEqual({
      ruleName: 'observations',
      topic: topicOf(name),
      cloudwatchTraceId: iotCloud.log()[0]?.traceId,
      clientId: name,
      base64OriginalPayload: Buffer.from(canary).toString('base64'),
      failures: [
        {
          failedAction: 'SqsAction',
          failedResource: expect.stringMatching(/\/sensors$/) as string,
          errorMessage: expect.stringContaining(
            'not authorized to perform: sqs:SendMessage',
          ) as string,
        },
      ],
    });
    expect(iotCloud.service.lostMessages).toEqual([]);
  });

  it('and whose error action fails as well loses the message, counted and logged', async () => {
    await start({ ruleRights: [] });
    const client = await iotCloud.connect(device);

    await client.publishAsync(topicOf(name), canary, { qos: 1 });
    await client.publishAsync(topicOf(name), canary, { qos: 1 });

    const lost = { ruleName: 'observations', error: 'AccessDenied' };
    expect(iotCloud.service.lostMessages).toEqual([lost, lost]);
    expect(iotCloud.log().at(-1)).toMatchObject({
      eventType: 'RuleExecution',
      reason: 'AccessDenied: the message is lost, 2 so far',
      clientId: name,
    });
    expect(JSON.stringify(iotCloud.log())).not.toContain(canary);
  });
});
