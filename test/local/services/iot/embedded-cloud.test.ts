import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  DescribeEndpointCommand,
  IoTClient,
} from '@aws-sdk/client-iot';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { queuedMessageSql } from '../../../../ingest/model/queued-message.ts';
import { startEmbeddedCloud, type EmbeddedCloud } from '../../../../local/cloud.ts';
import { writeAssembly } from '../../assembly/written-assembly.ts';
import { devicePolicy, newKeyAndRequest, topicOf } from './iot-cloud.ts';

const policyOf = (...statements: object[]) => ({
  Version: '2012-10-17',
  Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
});

const trusting = (Principal: object) => policyOf({ Principal, Action: 'sts:AssumeRole' });

/** What the rule's role needs to send to an encrypted queue. */
const rights = {
  send: { Action: 'sqs:SendMessage', Resource: '*' },
  key: { Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: '*' },
} as const;

const queue = (properties: object = {}) => ({ Type: 'AWS::SQS::Queue', Properties: properties });
const sendTo = (logicalId: string) => ({
  Sqs: {
    QueueUrl: { Ref: logicalId },
    RoleArn: { 'Fn::GetAtt': ['RuleRole', 'Arn'] },
    UseBase64: false,
  },
});

const resources = (ruleRights: readonly object[]) => ({
  Key: {
    Type: 'AWS::KMS::Key',
    Properties: {
      KeyPolicy: policyOf({
        Principal: { AWS: { 'Fn::Sub': 'arn:aws:iam::${AWS::AccountId}:root' } },
        Action: 'kms:*',
        Resource: '*',
      }),
    },
  },
  Sensors: queue({ KmsMasterKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } }),
  Errors: queue(),
  RuleRole: {
    Type: 'AWS::IAM::Role',
    Properties: { AssumeRolePolicyDocument: trusting({ Service: 'iot.amazonaws.com' }) },
  },
  RuleRights: {
    Type: 'AWS::IAM::Policy',
    Properties: {
      PolicyName: 'Send',
      PolicyDocument: policyOf(...ruleRights),
      Roles: [{ Ref: 'RuleRole' }],
    },
  },
  Operator: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trusting({ Service: 'ec2.amazonaws.com' }),
      Policies: [
        {
          PolicyName: 'All',
          PolicyDocument: policyOf({ Action: ['iot:*', 'sqs:*'], Resource: '*' }),
        },
      ],
    },
  },
  Devices: {
    Type: 'AWS::IoT::Policy',
    Properties: { PolicyName: 'devices', PolicyDocument: devicePolicy },
  },
  Rule: {
    Type: 'AWS::IoT::TopicRule',
    Properties: {
      TopicRulePayload: {
        Sql: queuedMessageSql('czar/study/v1/d/+/obs'),
        AwsIotSqlVersion: '2016-03-23',
        Actions: [sendTo('Sensors')],
        ErrorAction: sendTo('Errors'),
      },
    },
  },
});

async function start(ruleRights: readonly object[]): Promise<EmbeddedCloud> {
  const assemblyDirectory = await writeAssembly({
    Ingest: {
      template: {
        Resources: resources(ruleRights),
        Outputs: { Sensors: { Value: { Ref: 'Sensors' } }, Errors: { Value: { Ref: 'Errors' } } },
      },
    },
  });
  const directory = await mkdtemp(join(tmpdir(), 'iot-cloud-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const cloud = await startEmbeddedCloud({ assemblyDirectory, directory, region: 'us-east-1' });
  onTestFinished(() => cloud.stop());
  return cloud;
}

/** Registers a device and publishes one message from it, as a person and a device would. */
async function publishOne(cloud: EmbeddedCloud): Promise<Record<string, number>> {
  const client = {
    endpoint: cloud.endpoint,
    region: cloud.region,
    credentials: cloud.credentials('Operator', 'operator'),
  };
  const iot = new IoTClient(client);
  const sqs = new SQSClient(client);
  const thingName = 'ABCDEFGHJ';
  const { key, request } = await newKeyAndRequest(thingName);
  await iot.send(new CreateThingCommand({ thingName }));
  const { certificateArn = '', certificatePem: cert } = await iot.send(
    new CreateCertificateFromCsrCommand({ certificateSigningRequest: request, setAsActive: true }),
  );
  await iot.send(new AttachPolicyCommand({ policyName: 'devices', target: certificateArn }));
  await iot.send(new AttachThingPrincipalCommand({ thingName, principal: certificateArn }));
  const { endpointAddress } = await iot.send(
    new DescribeEndpointCommand({ endpointType: 'iot:Data-ATS' }),
  );
  const device = await connectAsync(`mqtts://${endpointAddress!}`, {
    ca: await readFile(cloud.services.iot.authorityPath!),
    cert,
    key,
    clientId: thingName,
  });
  await device.publishAsync(topicOf(thingName), '{}', { qos: 1 });
  await device.endAsync();

  const counts = Object.entries(cloud.outputs.Ingest!).map(async ([name, QueueUrl]) => {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    return [name, Number(Attributes!.ApproximateNumberOfMessages)] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

describe('an embedded cloud with devices', () => {
  it('hands a device’s message to the encrypted queue of its template', async () => {
    const cloud = await start([rights.send, rights.key]);

    expect(await publishOne(cloud)).toEqual({ Sensors: 1, Errors: 0 });
    expect(cloud.services.iot.lostMessages).toEqual([]);
  });

  it.each(['send', 'key'] as const)(
    'does not, once the rule’s role has lost its right to %s',
    async (lost) => {
      const kept =
        lost === 'key'
          ? [rights.send]
          : [rights.key, { ...rights.send, Resource: 'arn:aws:sqs:*:*:Ingest-Errors' }];
      const cloud = await start(kept);

      expect(await publishOne(cloud)).toEqual({ Sensors: 0, Errors: 1 });
    },
  );

  it('that stops ends the connections of devices', async () => {
    const cloud = await start([rights.send, rights.key]);
    const address = cloud.services.iot.endpointAddress!;
    await publishOne(cloud);

    await cloud.stop();

    await expect(connectAsync(`mqtts://${address}`, { reconnectPeriod: 0 })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });
});
