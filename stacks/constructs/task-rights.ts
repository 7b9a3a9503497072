import { Aws } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { evidencePrefix } from '../../workflow/model/keys.ts';
import { tagKeys } from '../../workflow/model/tags.ts';
import type { DataStack } from '../data-stack.ts';
import { batchQueuePattern, stateMachineName } from '../names.ts';
import type { WorkersStack } from '../workers-stack.ts';
import { listObjects, readObjects } from './storage-rights.ts';

/** What the rights of a study's tasks name. */
export interface TaskSurroundings {
  readonly pit: string;
  readonly data: DataStack;
  readonly workers: WorkersStack;
}

const regional = (service: string, resource: string): string =>
  `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;

const allow = (
  actions: string[],
  resources: string[],
  conditions?: Record<string, unknown>,
): PolicyStatement => new PolicyStatement({ actions, resources, conditions });

/** By the tags of a worker and what it has: E and B have the study's too, but no batch's. */
const ofWorker = (key: string, pit: string): Record<string, unknown> => ({
  StringEquals: { [`${key}/${tagKeys.study}`]: pit },
  Null: { [`${key}/${tagKeys.batch}`]: 'false' },
});

/**
 * The rights of the tasks, one function per thing that some of them do. None is on S3D, S3O, or the
 * use of the data key.
 */
export const taskRights = {
  /** Reading and writing single items, by key. The table's key is used through DynamoDB only. */
  ledger: ({ data }: TaskSurroundings): PolicyStatement[] => [
    allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], [data.ledger.tableArn]),
    useStorageKey({ data }),
  ],

  queryLedger: ({ data }: TaskSurroundings): PolicyStatement[] => [
    allow(['dynamodb:Query'], [data.ledger.tableArn, `${data.ledger.tableArn}/index/*`]),
  ],

  /** Listings lie in S3A and hold no PHI. */
  readListings: ({ pit, data }: TaskSurroundings): PolicyStatement[] => [
    readObjects(data.ancillaryBucket, `listings/v1/${pit}/*`),
    listObjects(data.ancillaryBucket),
    useStorageKey({ data }),
  ],

  fillQueue: ({ pit, data }: TaskSurroundings): PolicyStatement[] => [
    allow(
      ['sqs:CreateQueue', 'sqs:TagQueue', 'sqs:SendMessage'],
      [regional('sqs', batchQueuePattern(pit))],
    ),
    useStorageKey({ data }),
  ],

  findQueue: ({ pit }: TaskSurroundings): PolicyStatement[] => [
    allow(['sqs:GetQueueUrl'], [regional('sqs', batchQueuePattern(pit))]),
  ],

  deleteQueue: ({ pit }: TaskSurroundings): PolicyStatement[] => [
    allow(['sqs:DeleteQueue'], [regional('sqs', batchQueuePattern(pit))]),
  ],

  /** Listing queues knows no resources. It tells names. */
  listQueues: (): PolicyStatement[] => [allow(['sqs:ListQueues'], ['*'])],

  /** Describing knows no resources: it is all or none. */
  seeInstances: (): PolicyStatement[] => [allow(['ec2:DescribeInstances'], ['*'])],

  seeAttachments: (): PolicyStatement[] => [
    allow(['ec2:DescribeNetworkInterfaces', 'ec2:DescribeVolumes'], ['*']),
  ],

  seeSnapshots: (): PolicyStatement[] => [allow(['ec2:DescribeSnapshots'], ['*'])],

  /** Only instances with the study's tag, which none but Launch Worker can put on one. */
  terminate: ({ pit }: TaskSurroundings): PolicyStatement[] => [
    allow(
      ['ec2:TerminateInstances'],
      [regional('ec2', 'instance/*')],
      ofWorker('aws:ResourceTag', pit),
    ),
  ],

  /** Only what was made for a worker. EC2 itself deletes none that hangs on an instance. */
  deleteOrphans: ({ pit }: TaskSurroundings): PolicyStatement[] => [
    allow(['ec2:DeleteVolume'], [regional('ec2', 'volume/*')], ofWorker('aws:ResourceTag', pit)),
    allow(
      ['ec2:DeleteNetworkInterface'],
      [regional('ec2', 'network-interface/*')],
      ofWorker('aws:ResourceTag', pit),
    ),
  ],

  launch: ({ pit, workers, data }: TaskSurroundings): PolicyStatement[] => [
    allow(
      ['ec2:RunInstances'],
      ['instance/*', 'volume/*', 'network-interface/*'].map((made) => regional('ec2', made)),
      ofWorker('aws:RequestTag', pit),
    ),
    allow(
      ['ec2:RunInstances'],
      [
        regional('ec2', `launch-template/${workers.launchTemplateId}`),
        regional('ec2', `security-group/${workers.workerSecurityGroup.securityGroupId}`),
        ...workers.subnetIds.map((subnetId) => regional('ec2', `subnet/${subnetId}`)),
        // Images are AWS's own and belong to no account; the launch template names the one.
        `arn:${Aws.PARTITION}:ec2:${Aws.REGION}::image/*`,
      ],
      {
        ArnEquals: {
          'ec2:LaunchTemplate': regional('ec2', `launch-template/${workers.launchTemplateId}`),
        },
      },
    ),
    allow(
      ['ec2:CreateTags'],
      ['instance/*', 'volume/*', 'network-interface/*'].map((made) => regional('ec2', made)),
      { StringEquals: { 'ec2:CreateAction': 'RunInstances' } },
    ),
    allow(['iam:PassRole'], [data.workerRole.roleArn], {
      StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' },
    }),
    // EC2 attaches encrypted volumes by a grant on the storage key, made in the caller's name.
    allow(
      [
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:GenerateDataKeyWithoutPlaintext',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      [data.storageKey.keyArn],
    ),
    allow(['kms:CreateGrant'], [data.storageKey.keyArn], {
      Bool: { 'kms:GrantIsForAWSResource': 'true' },
    }),
  ],

  seeAgents: (): PolicyStatement[] => [
    // Knows no resources; it tells which agents answer.
    allow(['ssm:DescribeInstanceInformation'], ['*']),
  ],

  /** The one document, and only to instances of a batch of this study. */
  command: ({ pit, workers }: TaskSurroundings): PolicyStatement[] => [
    allow(['ssm:SendCommand'], [regional('ssm', `document/${workers.workerDocumentName}`)]),
    allow(['ssm:SendCommand'], [regional('ec2', 'instance/*')], ofWorker('ssm:resourceTag', pit)),
  ],

  /** Grants for worker sessions only, of two operations, bound to an encryption context. */
  deliverKey: ({ data }: TaskSurroundings): PolicyStatement[] => [
    allow(['kms:CreateGrant'], [data.dataKey.keyArn], {
      StringEquals: { 'kms:GrantConstraintType': 'EncryptionContextSubset' },
      'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Decrypt', 'GenerateDataKey'] },
      Null: { 'kms:GrantOperations': 'false' },
      StringLike: {
        'kms:GranteePrincipal': `arn:${Aws.PARTITION}:sts::${Aws.ACCOUNT_ID}:assumed-role/${data.workerRole.roleName}/*`,
      },
    }),
  ],

  seeGrants: ({ data }: TaskSurroundings): PolicyStatement[] => [
    allow(['kms:ListGrants'], [data.dataKey.keyArn]),
  ],

  revokeGrants: ({ data }: TaskSurroundings): PolicyStatement[] => [
    allow(['kms:RevokeGrant'], [data.dataKey.keyArn]),
  ],

  /** By its token, which only the state gets that waits for it. */
  answerTask: ({ pit }: TaskSurroundings): PolicyStatement[] => [
    allow(
      ['states:SendTaskFailure', 'states:SendTaskSuccess'],
      [regional('states', `stateMachine:${stateMachineName(pit)}`)],
    ),
  ],

  /** Inputs of executions are among it: whoever has it copies field by field. */
  readHistories: ({ pit }: TaskSurroundings): PolicyStatement[] => [
    allow(
      [
        'states:DescribeExecution',
        'states:DescribeStateMachineForExecution',
        'states:GetExecutionHistory',
      ],
      [regional('states', `execution:${stateMachineName(pit)}:*`)],
    ),
  ],

  /** Signing is in the key's own policy; so is that nobody else writes there, and nobody twice. */
  writeEvidence: ({ pit, data }: TaskSurroundings): PolicyStatement[] => [
    allow(['s3:PutObject'], [data.logBucket.arnForObjects(`${evidencePrefix}${pit}/*`)]),
    useStorageKey({ data }),
  ],

  seeExecutions: ({ pit }: TaskSurroundings): PolicyStatement[] => [
    allow(
      ['states:DescribeExecution'],
      [regional('states', `execution:${stateMachineName(pit)}:*`)],
    ),
  ],
} as const;

function useStorageKey({ data }: Pick<TaskSurroundings, 'data'>): PolicyStatement {
  return allow(['kms:Decrypt', 'kms:GenerateDataKey'], [data.storageKey.keyArn]);
}
