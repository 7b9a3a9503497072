import { Aws } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { type IRole, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ingestMachineName, sensorDeadLetterQueueName, sensorQueueName } from '../names.ts';
import { agentRights } from './agent-rights.ts';
import { readObjects, useStorageKey } from './storage-rights.ts';
import type { StudyStores } from './worker-role.ts';

/** What is known of sensors: what came of them, and, apart from it, who wears which. */
export interface SensorStores {
  /** Opaque ids, counts, times: orchestration reads it, too. */
  readonly sensorTable: ITable;
  /** Which device is whose. Only the poller and researchers read it. */
  readonly assignmentTable: ITable;
}

/**
 * The role of E, the workbench, for EC2 only: takes messages from the sensor queue and puts them into
 * S3D as inputs, which it cannot read back.
 *
 * It may make data keys for inputs, by the data key's own policy, and decrypt with none.
 */
export class PollerRole extends Construct {
  readonly role: IRole;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.role = new Role(this, 'Resource', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      description: 'Workbench: moves sensor messages from their queue into inputs of their study',
    });
  }

  /** Gives the role its rights, once what they are for exists. */
  allow(stores: StudyStores, { sensorTable, assignmentTable }: SensorStores): void {
    const { pit, inputBucket, ancillaryBucket, ledger, storageKey } = stores;
    new Policy(this, 'Rights', {
      roles: [this.role],
      statements: [
        allow(
          [
            'sqs:ReceiveMessage',
            'sqs:DeleteMessage',
            'sqs:ChangeMessageVisibility',
            'sqs:GetQueueAttributes',
          ],
          regional('sqs', sensorQueueName(pit)),
        ),
        allow(['sqs:GetQueueAttributes'], regional('sqs', sensorDeadLetterQueueName(pit))),
        // An object is a few megabytes and goes in one request: no right to anything in parts.
        allow(
          ['s3:PutObject'],
          inputBucket.arnForObjects(`in/v1/${pit}/*`),
          ancillaryBucket.arnForObjects(`listings/v1/${pit}/*`),
        ),
        readObjects(ancillaryBucket, 'artifacts/sha256/*'),
        allow(
          ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
          sensorTable.tableArn,
          ledger.tableArn,
        ),
        allow(['dynamodb:GetItem', 'dynamodb:Query'], assignmentTable.tableArn),
        useStorageKey(storageKey),
        allow(
          ['states:SendTaskSuccess', 'states:SendTaskFailure', 'states:SendTaskHeartbeat'],
          regional('states', `stateMachine:${ingestMachineName(pit)}`),
        ),
        ...agentRights(),
      ],
    });
  }
}

const allow = (actions: string[], ...resources: string[]): PolicyStatement =>
  new PolicyStatement({ actions, resources });

const regional = (service: string, resource: string): string =>
  `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;
