import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { visibilitySeconds } from '../../ingest/model/queued-message.ts';
import { sensorDeadLetterQueueName, sensorQueueName } from '../names.ts';
import type { Alarms } from './alarms.ts';

export interface SensorQueuesProps {
  readonly pit: string;
  readonly storageKey: IKey;
  readonly pollerRole: IRole;
  readonly alarms: Alarms;
}

/** SQS's most. What nobody fetched by then is gone, so the alarm comes days before. */
const retention = Duration.days(14);
const alarmAge = Duration.days(10);

/** Receipts of a message before it is set apart: one that the poller cannot read, it never deletes. */
const mostReceipts = 5;

/**
 * The queue between AWS IoT and E, and the two where messages end that did not pass it.
 *
 * They are three, since what lies in each has another form and is mended in another way: a dead letter
 * can be moved back as it is; what the rule's error action wrote has AWS IoT's own envelope around it,
 * and would be a poison message in the sensor queue.
 */
export class SensorQueues extends Construct {
  readonly sensors: Queue;
  readonly deadLetters: Queue;
  /** What the topic rule could not bring into the sensor queue. */
  readonly undelivered: Queue;

  constructor(scope: Construct, id: string, props: SensorQueuesProps) {
    super(scope, id);
    const { pit, storageKey, alarms } = props;
    const settings = {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: storageKey,
      enforceSSL: true,
      retentionPeriod: retention,
      // Its messages are the only copy of what devices sent.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    };
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...settings,
      queueName: sensorDeadLetterQueueName(pit),
    });
    this.undelivered = new Queue(this, 'Undelivered', settings);
    this.sensors = new Queue(this, 'Resource', {
      ...settings,
      queueName: sensorQueueName(pit),
      visibilityTimeout: Duration.seconds(visibilitySeconds),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: mostReceipts },
    });
    this.sensors.addToResourcePolicy(onlyReceivedBy(this.sensors, props.pollerRole));
    const maximum = { statistic: 'Maximum' };
    alarms.onMore(this, 'Aging', {
      metric: this.sensors.metricApproximateAgeOfOldestMessage(maximum),
      least: alarmAge.toSeconds(),
      description: `Sensor messages are ${alarmAge.toDays()} days old, and gone after ${retention.toDays()}.`,
    });
    alarms.onAny(this, 'DeadLettersNotEmpty', {
      metric: this.deadLetters.metricApproximateNumberOfMessagesVisible(maximum),
      description: 'Sensor messages cannot be read.',
    });
    alarms.onAny(this, 'UndeliveredNotEmpty', {
      metric: this.undelivered.metricApproximateNumberOfMessagesVisible(maximum),
      description: 'Sensor messages did not get into their queue.',
    });
  }
}

/** Denies taking messages from a queue to everybody but a role. */
function onlyReceivedBy(queue: Queue, role: IRole): PolicyStatement {
  return new PolicyStatement({
    sid: 'ReceiveByRole',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ['sqs:ReceiveMessage'],
    resources: [queue.queueArn],
    conditions: { ArnNotEquals: { 'aws:PrincipalArn': role.roleArn } },
  });
}
