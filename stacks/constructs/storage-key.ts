import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AccountRootPrincipal,
  PolicyDocument,
  PolicyStatement,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { keyAdministration } from './key-administration.ts';

const use = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/** The host of a regional service, as `kms:ViaService` names it. */
const via = (service: string): string => `${service}.${Aws.REGION}.amazonaws.com`;

/**
 * The storage key: encryption at rest of buckets, queues, topic, table, volumes and logs.
 *
 * IAM policies can hand out its use only through these services. A right to decrypt with it is
 * therefore worth nothing without the right to read what the service keeps.
 */
export class StorageKey extends Construct {
  readonly key: IKey;

  constructor(scope: Construct, id: string, { pit }: { readonly pit: string }) {
    super(scope, id);
    const throughServices = {
      'kms:CallerAccount': Aws.ACCOUNT_ID,
      'kms:ViaService': ['dynamodb', 'ec2', 's3', 'sns', 'sqs'].map(via),
    };
    this.key = new Key(this, 'Resource', {
      alias: `${pit}/storage`,
      description: `Encryption at rest of study ${pit}`,
      enableKeyRotation: true,
      pendingWindow: Duration.days(30),
      removalPolicy: RemovalPolicy.RETAIN,
      policy: new PolicyDocument({
        statements: [
          keyAdministration(),
          new PolicyStatement({
            sid: 'UseThroughServices',
            principals: [new AccountRootPrincipal()],
            actions: use,
            resources: ['*'],
            conditions: { StringEquals: throughServices },
          }),
          new PolicyStatement({
            sid: 'LetServicesKeepIt',
            principals: [new AccountRootPrincipal()],
            actions: ['kms:CreateGrant'],
            resources: ['*'],
            conditions: {
              StringEquals: throughServices,
              Bool: { 'kms:GrantIsForAWSResource': 'true' },
            },
          }),
          new PolicyStatement({
            sid: 'LogGroups',
            principals: [new ServicePrincipal(`logs.${Aws.REGION}.amazonaws.com`)],
            actions: use,
            resources: ['*'],
            conditions: {
              ArnLike: {
                'kms:EncryptionContext:aws:logs:arn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:*`,
              },
            },
          }),
          // SNS's own key would not do: nobody can let CloudWatch use it.
          new PolicyStatement({
            sid: 'RingAlarms',
            principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
            actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
            resources: ['*'],
            conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
          }),
          new PolicyStatement({
            sid: 'DeliverLogsAndEvents',
            principals: [
              new ServicePrincipal('delivery.logs.amazonaws.com'),
              new ServicePrincipal('events.amazonaws.com'),
            ],
            actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'],
            resources: ['*'],
            conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
          }),
        ],
      }),
    });
  }
}
