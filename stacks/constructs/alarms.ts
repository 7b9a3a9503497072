import { Aws } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { CzarConfig } from '../config.ts';

export interface AlarmsProps {
  readonly config: CzarConfig;
  /** Encrypts the topic; its policy lets CloudWatch publish under it. */
  readonly storageKey: IKey;
}

/** What an alarm looks at, and what it says. */
interface Watched {
  readonly metric: IMetric;
  readonly description: string;
}

/**
 * Whom alarms wake: a topic of their own, with `notifyEmail` as its first subscriber. SNS asks that
 * address to confirm, and sends nothing to it before.
 *
 * What CloudWatch publishes is an alarm's name, description and count, so no PHI fits in.
 */
export class Alarms extends Construct {
  readonly #topic: Topic;

  constructor(scope: Construct, id: string, { config, storageKey }: AlarmsProps) {
    super(scope, id);
    this.#topic = new Topic(this, 'Topic', {
      displayName: `${config.pit} alarms`,
      masterKey: storageKey,
      enforceSSL: true,
    });
    this.#topic.addSubscription(new EmailSubscription(config.notifyEmail));
    // A topic with a policy of its own has lost the default one, which lets in what the account owns.
    this.#topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisStack',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.#topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
          ArnLike: {
            'aws:SourceArn': config.ingest
              ? [alarmsOf(Aws.STACK_NAME), alarmsOf(`${config.pit}-Ingest`)]
              : alarmsOf(Aws.STACK_NAME),
          },
        },
      }),
    );
  }

  /** Adds an alarm that rings once the metric counts anything. No data is good news. */
  onAny(scope: Construct, id: string, alarm: Watched): void {
    this.onMore(scope, id, { ...alarm, least: 1 });
  }

  /** Adds an alarm that rings once the metric is as much as `least`, or more. No data is good news. */
  onMore(scope: Construct, id: string, alarm: Watched & { readonly least: number }): void {
    this.#add(scope, id, alarm, {
      threshold: alarm.least,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }

  /** Adds an alarm that rings once the metric counts nothing in its period, or there is no data. */
  onNone(scope: Construct, id: string, alarm: Watched): void {
    this.#add(scope, id, alarm, {
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }

  #add(
    scope: Construct,
    id: string,
    { metric, description }: Watched,
    limits: Pick<AlarmProps, 'threshold' | 'comparisonOperator' | 'treatMissingData'>,
  ): void {
    new Alarm(scope, id, {
      alarmDescription: `${description} See docs/operate.md.`,
      metric,
      evaluationPeriods: 1,
      ...limits,
    }).addAlarmAction(new SnsAction(this.#topic));
  }
}

/** The alarms of a stack, by the names that CloudFormation gives them. */
const alarmsOf = (stackName: string): string =>
  `arn:${Aws.PARTITION}:cloudwatch:${Aws.REGION}:${Aws.ACCOUNT_ID}:alarm:${stackName}-*`;
