import { Aws } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPolicy, CfnTopicRule } from 'aws-cdk-lib/aws-iot';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { queuedMessageSql } from '../../ingest/model/queued-message.ts';
import { observationFilter, observationTopic } from '../../ingest/model/topic.ts';
import { devicePolicyName } from '../names.ts';
import type { SensorQueues } from './sensor-queues.ts';
import { useStorageKey } from './storage-rights.ts';

export interface DeviceGateProps {
  readonly pit: string;
  readonly storageKey: IKey;
  readonly queues: SensorQueues;
}

/** AWS IoT's variable for the thing that the connection's certificate is attached to. */
const thing = '${iot:Connection.Thing.ThingName}';

const iot = (resource: string): string =>
  `arn:${Aws.PARTITION}:iot:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;

/**
 * Where devices come in: what each of them may do in AWS IoT, and the rule that takes their messages
 * to the sensor queue as they came, byte by byte.
 */
export class DeviceGate extends Construct {
  constructor(scope: Construct, id: string, { pit, storageKey, queues }: DeviceGateProps) {
    super(scope, id);
    new CfnPolicy(this, 'DevicePolicy', {
      policyName: devicePolicyName(pit),
      policyDocument: devicePolicy(pit),
    });
    const role = new Role(this, 'Role', {
      description: 'AWS IoT: puts what devices published into the sensor queue',
      assumedBy: new ServicePrincipal('iot.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    });
    const { sensors, undelivered } = queues;
    role.addToPolicy(
      new PolicyStatement({
        actions: ['sqs:SendMessage'],
        resources: [sensors.queueArn, undelivered.queueArn],
      }),
    );
    role.addToPolicy(useStorageKey(storageKey));
    const into = (queueUrl: string): CfnTopicRule.ActionProperty => ({
      // The SQL has made base64 of the payload; a second layer would be around the rest as well.
      sqs: { queueUrl, roleArn: role.roleArn, useBase64: false },
    });
    const rule = new CfnTopicRule(this, 'Rule', {
      topicRulePayload: {
        description: `What devices of study ${pit} publish`,
        awsIotSqlVersion: '2016-03-23',
        sql: queuedMessageSql(observationFilter(pit)),
        actions: [into(sensors.queueUrl)],
        errorAction: into(undelivered.queueUrl),
        ruleDisabled: false,
      },
    });
    // A message that came before the rights were there would be lost.
    rule.node.addDependency(role);
  }
}

/**
 * A device connects under its own name and publishes to its own topic. It subscribes to nothing: no
 * message ever goes to a device.
 */
function devicePolicy(pit: string): PolicyDocument {
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: 'Connect',
        actions: ['iot:Connect'],
        resources: [iot(`client/${thing}`)],
        conditions: { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } },
      }),
      new PolicyStatement({
        sid: 'PublishOwn',
        actions: ['iot:Publish'],
        resources: [iot(`topic/${observationTopic(pit, thing)}`)],
      }),
    ],
  });
}
