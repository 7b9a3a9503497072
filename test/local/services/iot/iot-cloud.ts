import { readFileSync } from 'node:fs';
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  IoTClient,
} from '@aws-sdk/client-iot';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import '../../../../runtime/reflect-metadata.ts';
import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { queuedMessageSql } from '../../../../ingest/model/queued-message.ts';
import type { Clock } from '../../../../local/clock.ts';
import { createIotService, type IotService } from '../../../../local/services/iot/iot-service.ts';
import { createSqsService } from '../../../../local/services/sqs/sqs-service.ts';
import { startSmallCloud, type LogLine, type SmallCloud } from '../lambda/small-cloud.ts';

export const accountId = '111122223333';
export const arn = (resource: string): string => `arn:aws:iot:us-east-1:${accountId}:${resource}`;
export const topicOf = (device: string): string => `czar/study/v1/d/${device}/obs`;

/** The policy of the deployment: own client id, own topic, and only a certificate that is attached. */
export const devicePolicy = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'Connect',
      Effect: 'Allow',
      Action: 'iot:Connect',
      Resource: arn('client/${iot:Connection.Thing.ThingName}'),
      Condition: { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } },
    },
    {
      Sid: 'Publish',
      Effect: 'Allow',
      Action: 'iot:Publish',
      Resource: arn('topic/czar/study/v1/d/${iot:Connection.Thing.ThingName}/obs'),
    },
  ],
};

export interface Device {
  readonly name: string;
  readonly certificateArn: string;
  readonly certificateId: string;
  readonly cert: string;
  readonly key: string;
}

export interface IotCloudOptions {
  readonly clock?: Clock;
  /** @default {@link devicePolicy} */
  readonly policy?: object;
  /** What the rule's role may do. @default send to both queues */
  readonly ruleRights?: readonly object[];
  /** @default false */
  readonly ruleDisabled?: boolean;
}

/** The embedded IoT and SQS behind the real gateway, with a policy, a rule, its queue and its error queue. */
export interface IotCloud {
  readonly cloud: SmallCloud;
  readonly service: IotService;
  readonly iot: IoTClient;
  /** AWS IoT's own log. */
  readonly log: () => Record<string, string>[];
  register(name: string): Promise<Device>;
  options(device: Device, more?: IClientOptions): IClientOptions;
  /** Connects, or rejects with the reason why not. */
  connect(device: Device, more?: IClientOptions): Promise<MqttClient>;
  received(queue: 'sensors' | 'errors'): Promise<unknown[]>;
  stop(): Promise<void>;
}

export async function newKeyAndRequest(name: string): Promise<{ key: string; request: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: PemConverter.encode(key, 'PRIVATE KEY'), request: request.toString('pem') };
}

const sendRights = [{ Action: 'sqs:SendMessage', Resource: '*' }];

export async function startIotCloud({
  clock,
  policy = devicePolicy,
  ruleRights = sendRights,
  ruleDisabled = false,
}: IotCloudOptions = {}): Promise<IotCloud> {
  const cloud = await startSmallCloud({ ...(clock && { clock }) });
  const { surroundings } = cloud;
  const keys = {
    generate: (_call: unknown, _via: string, keyArn: string) => ({ keyArn }),
    use: () => undefined,
    attach: () => undefined,
  };
  const lines: LogLine[] = [];
  const sqsService = cloud.serve(createSqsService(surroundings, keys));
  const service = cloud.serve(
    createIotService(surroundings, () => sqsService, {
      append: (group, stream, message) => lines.push({ group, stream, message }),
    }),
  );
  const admin = await cloud.role('Admin', { Action: ['iot:*', 'sqs:*'], Resource: '*' });
  const client = {
    endpoint: surroundings.endpoint(),
    region: 'us-east-1',
    credentials: cloud.credentials(admin),
    maxAttempts: 1,
  };
  const iot = new IoTClient(client);
  const sqs = new SQSClient(client);
  const roleArn = await cloud.role('RuleRole', ...ruleRights);
  const sensors = await cloud.declare('AWS::SQS::Queue', 'Sensors', { QueueName: 'sensors' });
  const errors = await cloud.declare('AWS::SQS::Queue', 'Errors', { QueueName: 'errors' });
  const sendTo = (QueueUrl: string) => ({
    Sqs: { QueueUrl, RoleArn: roleArn, UseBase64: false },
  });
  await cloud.declare('AWS::IoT::Policy', 'Policy', {
    PolicyName: 'devices',
    PolicyDocument: policy,
  });
  await cloud.declare('AWS::IoT::TopicRule', 'Rule', {
    RuleName: 'observations',
    TopicRulePayload: {
      Sql: queuedMessageSql('czar/study/v1/d/+/obs'),
      AwsIotSqlVersion: '2016-03-23',
      Actions: [sendTo(sensors.ref)],
      ErrorAction: sendTo(errors.ref),
      RuleDisabled: ruleDisabled,
    },
  });
  const clients: MqttClient[] = [];
  const options: IotCloud['options'] = (device, more = {}) => ({
    protocol: 'mqtts',
    host: '127.0.0.1',
    port: Number(service.endpointAddress?.split(':').at(-1)),
    ca: readFileSync(service.authorityPath!, 'utf8'),
    cert: device.cert,
    key: device.key,
    clientId: device.name,
    reconnectPeriod: 0,
    ...more,
  });
  return {
    cloud,
    service,
    iot,
    log: () => lines.map(({ message }) => JSON.parse(message) as Record<string, string>),
    options,
    register: async (name) => {
      const { key, request } = await newKeyAndRequest(name);
      await iot.send(new CreateThingCommand({ thingName: name }));
      const issued = await iot.send(
        new CreateCertificateFromCsrCommand({
          certificateSigningRequest: request,
          setAsActive: true,
        }),
      );
      const certificateArn = issued.certificateArn!;
      await iot.send(new AttachPolicyCommand({ policyName: 'devices', target: certificateArn }));
      await iot.send(
        new AttachThingPrincipalCommand({ thingName: name, principal: certificateArn }),
      );
      const { certificateId, certificatePem: cert } = issued;
      return { name, certificateArn, certificateId: certificateId!, cert: cert!, key };
    },
    connect: (device, more) =>
      new Promise((resolve, reject) => {
        const mqtt = connect(options(device, more));
        clients.push(mqtt);
        mqtt.once('connect', () => resolve(mqtt));
        mqtt.once('error', reject);
        mqtt.once('close', () => reject(new Error('closed')));
      }),
    received: async (queue) => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: `${surroundings.endpoint()}/${accountId}/${queue}`,
          MaxNumberOfMessages: 10,
        }),
      );
      return Messages.map(({ Body }) => JSON.parse(Body!) as unknown);
    },
    stop: async () => {
      await Promise.all(clients.map((mqtt) => mqtt.endAsync(true)));
      await cloud.stop();
    },
  };
}

/** Resolves when the broker has closed a connection. */
export function closed(client: MqttClient): Promise<void> {
  client.on('error', () => undefined);
  return new Promise((resolve) => {
    if (client.connected) client.once('close', () => resolve());
    else resolve();
  });
}
