import { Aws, Duration } from 'aws-cdk-lib';
import {
  AccountRootPrincipal,
  type IRole,
  Policy,
  PolicyStatement,
  PrincipalWithConditions,
  Role,
} from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { tagKeys } from '../../workflow/model/tags.ts';
import { clientSettingsParameter } from '../../workflow/model/client-settings.ts';
import { logGroupPrefixes } from '../../workflow/model/names.ts';
import { batchQueuePattern, stateMachineName } from '../names.ts';
import type { SensorStores } from './poller-role.ts';
import { sensorRights } from './sensor-rights.ts';
import { listObjects, readObjects, useStorageKey, writeObjects } from './storage-rights.ts';
import type { StudyStores } from './worker-role.ts';

export interface PeopleStores extends StudyStores {
  readonly dataKey: IKey;
  readonly evidenceKey: IKey;
  readonly logBucket: IBucket;
  /** @default none: a study without sensor ingest */
  readonly sensors?: SensorStores;
}

const startedBy = (pit: string) => ({
  machine: arn('states', `stateMachine:${stateMachineName(pit)}`),
  executions: arn('states', `execution:${stateMachineName(pit)}:*`),
});

/**
 * The roles that people take, by AssumeRole with MFA from this account.
 *
 * Their names are physical because a person types them, in `~/.aws/config`.
 */
export class People extends Construct {
  /** Sends inputs; can neither read, list nor replace them. */
  readonly uploader: IRole;
  /** K: sends inputs, starts and follows batches, reads results. */
  readonly researcher: IRole;
  /** Starts, stops and redrives batches, and looks at what is left. Reads no data. */
  readonly operator: IRole;
  /** Reads everything that tells who did what, signs evidence, and reads no data. */
  readonly auditor: IRole;

  private readonly pit: string;

  constructor(scope: Construct, id: string, { pit }: { readonly pit: string }) {
    super(scope, id);
    this.pit = pit;
    this.uploader = this.person('Uploader', 'Uploads inputs and cannot read them back', 8);
    this.researcher = this.person('Researcher', 'Uploads inputs, runs batches, reads results', 8);
    this.operator = this.person('Operator', 'Runs, stops and redrives batches, reads no data', 4);
    this.auditor = this.person('Auditor', 'Reads evidence, reads no data', 4);
  }

  private person(id: string, description: string, hours: number): Role {
    return new Role(this, id, {
      roleName: `${this.pit}-${id.toLowerCase()}`,
      description,
      assumedBy: new PrincipalWithConditions(new AccountRootPrincipal(), {
        Bool: { 'aws:MultiFactorAuthPresent': 'true' },
      }),
      // An upload of a day's work outlasts the default hour.
      maxSessionDuration: Duration.hours(hours),
    });
  }

  /** Gives the roles their rights, once what they are for exists. Use of the data key and of the evidence key is in their policies. */
  allow(stores: PeopleStores): void {
    const { sensors } = stores;
    const read = readLedger(stores);
    const watch = watchBatches(this.pit);
    const start = new PolicyStatement({
      actions: ['states:StartExecution'],
      resources: [startedBy(this.pit).machine],
    });
    const settings = new PolicyStatement({
      actions: ['ssm:GetParameter'],
      resources: [arn('ssm', `parameter${clientSettingsParameter(this.pit)}`)],
    });
    this.give('UploaderRights', this.uploader, [settings, ...upload(stores)]);
    this.give('ResearcherRights', this.researcher, [
      settings,
      ...upload(stores),
      start,
      ...watch,
      read,
      readObjects(stores.resultBucket, `out/v1/${this.pit}/*`),
      listObjects(stores.resultBucket),
      ...(sensors === undefined ? [] : sensorRights.researcher(sensors)),
    ]);
    this.give('OperatorRights', this.operator, [
      settings,
      start,
      ...watch,
      read,
      useStorageKey(stores.storageKey),
      ...operate(this.pit),
      ...(sensors === undefined ? [] : sensorRights.operator(this.pit, sensors)),
    ]);
    this.give('AuditorRights', this.auditor, [
      settings,
      ...watch,
      read,
      useStorageKey(stores.storageKey),
      ...audit(stores),
      ...(sensors === undefined ? [] : sensorRights.auditor(this.pit, sensors)),
    ]);
  }

  private give(id: string, role: IRole, statements: PolicyStatement[]): void {
    new Policy(this, id, { roles: [role], statements });
  }
}

function arn(service: string, resource: string): string {
  return `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;
}

function upload(stores: StudyStores): PolicyStatement[] {
  const { pit, inputBucket, ancillaryBucket, ledger, storageKey } = stores;
  return [
    writeObjects(inputBucket, `in/v1/${pit}/*`),
    writeObjects(ancillaryBucket, `listings/v1/${pit}/*`),
    // Whether a batch is sealed already; the ledger has opaque ids only.
    new PolicyStatement({ actions: ['dynamodb:GetItem'], resources: [ledger.tableArn] }),
    useStorageKey(storageKey),
  ];
}

function readLedger({ ledger }: StudyStores): PolicyStatement {
  return new PolicyStatement({
    actions: ['dynamodb:GetItem', 'dynamodb:Query'],
    resources: [ledger.tableArn, `${ledger.tableArn}/index/*`],
  });
}

function watchBatches(pit: string): PolicyStatement[] {
  const { machine, executions } = startedBy(pit);
  return [
    new PolicyStatement({
      actions: ['states:DescribeStateMachine', 'states:ListExecutions'],
      resources: [machine],
    }),
    new PolicyStatement({
      actions: [
        'states:DescribeExecution',
        // The definition that ran, which may be older than the state machine's.
        'states:DescribeStateMachineForExecution',
        'states:GetExecutionHistory',
      ],
      resources: [executions],
    }),
  ];
}

/** Describing instances, volumes and interfaces knows no resources: it is all or none. */
function seeMachines(): PolicyStatement {
  return new PolicyStatement({
    actions: [
      'ec2:DescribeInstances',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSnapshots',
      'ec2:DescribeVolumes',
    ],
    resources: ['*'],
  });
}

function operate(pit: string): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: ['states:RedriveExecution', 'states:StopExecution'],
      resources: [startedBy(pit).executions],
    }),
    // The console's list of state machines, by names only, knows no resources.
    new PolicyStatement({ actions: ['states:ListStateMachines'], resources: ['*'] }),
    seeMachines(),
    new PolicyStatement({
      sid: 'WakeTheBastion',
      actions: ['ec2:StartInstances', 'ec2:StopInstances'],
      resources: [arn('ec2', 'instance/*')],
      conditions: {
        StringEquals: {
          [`aws:ResourceTag/${tagKeys.study}`]: pit,
          'aws:ResourceTag/czar:system': 'bastion',
        },
      },
    }),
  ];
}

function audit(stores: PeopleStores): PolicyStatement[] {
  const { pit, dataKey, storageKey, evidenceKey } = stores;
  const { logBucket, ancillaryBucket, inputBucket, resultBucket } = stores;
  return [
    readObjects(logBucket, '*'),
    // Until when evidence is locked.
    new PolicyStatement({
      actions: ['s3:GetObjectRetention'],
      resources: [logBucket.arnForObjects('*')],
    }),
    readObjects(ancillaryBucket, '*'),
    listObjects(logBucket),
    listObjects(ancillaryBucket),
    new PolicyStatement({
      actions: [
        's3:GetBucketLogging',
        's3:GetBucketObjectLockConfiguration',
        's3:GetBucketPolicy',
        's3:GetBucketPublicAccessBlock',
        's3:GetBucketVersioning',
        's3:GetEncryptionConfiguration',
      ],
      resources: [inputBucket, resultBucket, logBucket, ancillaryBucket].map(
        (bucket) => bucket.bucketArn,
      ),
    }),
    new PolicyStatement({
      actions: [
        'kms:DescribeKey',
        'kms:GetKeyPolicy',
        'kms:GetKeyRotationStatus',
        'kms:ListGrants',
      ],
      resources: [dataKey.keyArn, storageKey.keyArn, evidenceKey.keyArn],
    }),
    new PolicyStatement({
      actions: ['cloudformation:DescribeStacks', 'cloudformation:GetTemplate'],
      resources: [arn('cloudformation', `stack/${pit}-*/*`)],
    }),
    seeMachines(),
    // Whether a batch's queue is gone; listing queues knows no resources.
    new PolicyStatement({ actions: ['sqs:ListQueues'], resources: ['*'] }),
    // Since when one is there that should not be; the attributes tell no message.
    new PolicyStatement({
      actions: ['sqs:GetQueueAttributes'],
      resources: [arn('sqs', batchQueuePattern(pit))],
    }),
    ...readLogs(pit),
    // The event history knows no resources; it holds no data, and the records name opaque keys.
    new PolicyStatement({ actions: ['cloudtrail:LookupEvents'], resources: ['*'] }),
  ];
}

/** What functions and state machines log holds no PHI: this is how an auditor looks for some. */
function readLogs(pit: string): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: ['logs:FilterLogEvents'],
      resources: logGroupPrefixes(pit).map((prefix) => arn('logs', `log-group:${prefix}*`)),
    }),
    // Listing groups, by names only, is all or none.
    new PolicyStatement({
      actions: ['logs:DescribeLogGroups'],
      resources: [arn('logs', 'log-group:*')],
    }),
  ];
}
