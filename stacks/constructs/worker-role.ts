import { Aws } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { type IRole, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { batchQueuePattern, stateMachineName } from '../names.ts';
import { agentRights } from './agent-rights.ts';
import { listObjects, readObjects, useStorageKey, writeObjects } from './storage-rights.ts';

/** Where a study keeps what. */
export interface StudyStores {
  readonly pit: string;
  readonly storageKey: IKey;
  readonly inputBucket: IBucket;
  readonly resultBucket: IBucket;
  readonly ancillaryBucket: IBucket;
  readonly ledger: ITable;
}

/**
 * The role of the workers (W), for EC2 only.
 *
 * It has no right at all on the data key: a worker gets that as a grant, for its batch and no longer.
 */
export class WorkerRole extends Construct {
  readonly role: IRole;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.role = new Role(this, 'Resource', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      description: 'Workers: read inputs and write results of their study',
    });
  }

  /** Gives the role its rights, once what they are for exists. */
  allow(stores: StudyStores): void {
    const { pit, inputBucket, resultBucket, ancillaryBucket } = stores;
    new Policy(this, 'Rights', {
      roles: [this.role],
      statements: [
        readObjects(inputBucket, `in/v1/${pit}/*`),
        listObjects(inputBucket),
        readObjects(resultBucket, `out/v1/${pit}/*`),
        writeObjects(resultBucket, `out/v1/${pit}/*`),
        listObjects(resultBucket),
        readObjects(ancillaryBucket, `listings/v1/${pit}/*`, 'artifacts/sha256/*'),
        useStorageKey(stores.storageKey),
        new PolicyStatement({
          actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
          resources: [stores.ledger.tableArn],
        }),
        new PolicyStatement({
          actions: [
            'sqs:ReceiveMessage',
            'sqs:DeleteMessage',
            'sqs:GetQueueAttributes',
            'sqs:ChangeMessageVisibility',
          ],
          resources: [regional('sqs', batchQueuePattern(pit))],
        }),
        new PolicyStatement({
          actions: ['states:SendTaskSuccess', 'states:SendTaskFailure', 'states:SendTaskHeartbeat'],
          resources: [regional('states', `stateMachine:${stateMachineName(pit)}`)],
        }),
        ...agentRights(),
      ],
    });
  }
}

function regional(service: string, resource: string): string {
  return `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;
}
