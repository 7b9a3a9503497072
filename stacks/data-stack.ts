import { Duration, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { AttributeType, type ITable, ProjectionType } from 'aws-cdk-lib/aws-dynamodb';
import {
  FlowLog,
  FlowLogDestination,
  FlowLogResourceType,
  FlowLogTrafficType,
} from 'aws-cdk-lib/aws-ec2';
import { type IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type IBucket, ObjectLockRetention } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { batchIndex } from '../ledger/table.ts';
import type { CzarConfig } from './config.ts';
import { accessLogBucket } from './constructs/access-log-bucket.ts';
import { DataKey } from './constructs/data-key.ts';
import { evidenceFence } from './constructs/evidence-fence.ts';
import { EvidenceKey } from './constructs/evidence-key.ts';
import {
  onlyListedBy,
  onlyReadBy,
  onlyReadThrough,
  onlyWrittenFrom,
  onlyWrittenThrough,
} from './constructs/input-fence.ts';
import { ledgerTable } from './constructs/ledger-table.ts';
import { People } from './constructs/people.ts';
import { PollerRole, type SensorStores } from './constructs/poller-role.ts';
import { SecureBucket } from './constructs/secure-bucket.ts';
import { StorageKey } from './constructs/storage-key.ts';
import { type StudyStores, WorkerRole } from './constructs/worker-role.ts';
import type { NetworkStack } from './network-stack.ts';

export interface DataStackProps extends StackProps {
  readonly config: CzarConfig;
  readonly network: NetworkStack;
}

/** What a study with sensor ingest has besides. */
export interface SensorData extends SensorStores {
  readonly pollerRole: IRole;
}

/**
 * Everything of a study that outlives a batch and a stack: keys, buckets, ledger, and the roles
 * that their policies name.
 */
export class DataStack extends Stack {
  /** HomerKey. Its policy says who may do what: never call `grant*` on it. */
  readonly dataKey: IKey;
  readonly storageKey: IKey;
  /** Signs evidence. Its policy says who does: never call `grant*` on it. */
  readonly evidenceKey: IKey;
  /** S3D: written by uploaders, read by workers. Its `Object Created` events go to EventBridge. */
  readonly inputBucket: IBucket;
  /** S3O: written by workers, read by them and researchers. */
  readonly resultBucket: IBucket;
  /** S3L: AWS's logs and evidence, each version locked. */
  readonly logBucket: IBucket;
  /** S3A: listings and the workers' software. No PHI. */
  readonly ancillaryBucket: IBucket;
  readonly ledger: ITable;
  readonly workerRole: IRole;
  /** Of the function that writes evidence: keys and buckets name it, so it is made here. */
  readonly evidenceRole: IRole;
  readonly uploaderRole: IRole;
  readonly researcherRole: IRole;
  readonly operatorRole: IRole;
  readonly auditorRole: IRole;
  /** Only where the configuration asks for `ingest`. */
  readonly sensors: SensorData | undefined;

  constructor(scope: Construct, id: string, { config, network, ...props }: DataStackProps) {
    super(scope, id, props);
    const { pit } = config;
    const worker = new WorkerRole(this, 'Worker');
    const poller = config.ingest ? new PollerRole(this, 'Poller') : undefined;
    const people = new People(this, 'People', { pit });
    this.workerRole = worker.role;
    this.uploaderRole = people.uploader;
    this.researcherRole = people.researcher;
    this.operatorRole = people.operator;
    this.auditorRole = people.auditor;

    this.dataKey = new DataKey(this, 'DataKey', {
      pit,
      workerRole: worker.role,
      uploaderRole: people.uploader,
      researcherRole: people.researcher,
      pollerRole: poller?.role,
    }).key;
    this.storageKey = new StorageKey(this, 'StorageKey', { pit }).key;
    this.evidenceRole = new Role(this, 'EvidenceWriter', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: 'Writes the evidence of each run, and reads no data',
    });
    this.evidenceKey = new EvidenceKey(this, 'EvidenceKey', {
      pit,
      writerRole: this.evidenceRole,
      auditorRole: people.auditor,
    }).key;

    const accessLogs = accessLogBucket(this, 'AccessLogs');
    const shared = { key: this.storageKey, accessLogs };
    const input = new SecureBucket(this, 'Input', {
      ...shared,
      overwrite: 'refused',
      events: true,
    });
    const result = new SecureBucket(this, 'Result', { ...shared, overwrite: 'refused' });
    const log = new SecureBucket(this, 'Log', { ...shared, overwrite: lockOf(config) });
    const ancillary = new SecureBucket(this, 'Ancillary', { ...shared, overwrite: 'refused' });
    this.inputBucket = fenceInput(input.bucket, worker.role, { config, network });
    result.bucket.addToResourcePolicy(onlyReadBy(result.bucket, worker.role, people.researcher));
    this.resultBucket = result.bucket;
    for (const statement of evidenceFence(log.bucket, this.evidenceRole)) {
      log.bucket.addToResourcePolicy(statement);
    }
    this.logBucket = log.bucket;
    this.ancillaryBucket = ancillary.bucket;
    this.ledger = ledger(this, this.storageKey);

    const stores = { pit, ...this.stores() };
    this.sensors = poller && this.addSensors(poller, stores, network);
    worker.allow(stores);
    people.allow({ ...stores, sensors: this.sensors });

    new FlowLog(this, 'FlowLog', {
      resourceType: FlowLogResourceType.fromVpc(network.vpc),
      trafficType: FlowLogTrafficType.ALL,
      destination: FlowLogDestination.toS3(log.bucket, 'flow-logs'),
    });
    Validations.of(this).acknowledge(
      {
        id: 'HIPAA.Security-S3BucketReplicationEnabled',
        reason:
          'A copy in a second region is the institution’s to decide: PHI would leave the first',
      },
      {
        id: 'HIPAA.Security-DynamoDBInBackupPlan',
        reason: 'The ledger has point-in-time recovery and deletion protection',
      },
    );
  }

  private addSensors(poller: PollerRole, stores: StudyStores, network: NetworkStack): SensorData {
    const sensors = sensorStores(this, this.storageKey);
    poller.allow(stores, sensors);
    this.inputBucket.addToResourcePolicy(
      onlyWrittenThrough(this.inputBucket, network.storageEndpoint, poller.role),
    );
    return { ...sensors, pollerRole: poller.role };
  }

  private stores() {
    const { dataKey, storageKey, evidenceKey, ledger } = this;
    const { inputBucket, resultBucket, logBucket, ancillaryBucket } = this;
    const keys = { dataKey, storageKey, evidenceKey };
    return { ...keys, inputBucket, resultBucket, logBucket, ancillaryBucket, ledger };
  }
}

function lockOf({ logLockDays, logLockMode }: CzarConfig): ObjectLockRetention {
  const days = Duration.days(logLockDays);
  return logLockMode === 'compliance'
    ? ObjectLockRetention.compliance(days)
    : ObjectLockRetention.governance(days);
}

function fenceInput(
  bucket: IBucket,
  workerRole: IRole,
  { config, network }: DataStackProps,
): IBucket {
  bucket.addToResourcePolicy(onlyReadBy(bucket, workerRole));
  bucket.addToResourcePolicy(onlyListedBy(bucket, workerRole));
  bucket.addToResourcePolicy(onlyReadThrough(bucket, network.storageEndpoint));
  if (config.uploadCidrs.length > 0) {
    bucket.addToResourcePolicy(onlyWrittenFrom(bucket, config.uploadCidrs));
  }
  return bucket;
}

function ledger(scope: Construct, key: IKey): ITable {
  const table = ledgerTable(scope, 'Ledger', { key, partitionKey: 'batchId' });
  table.addGlobalSecondaryIndex({
    indexName: batchIndex,
    partitionKey: { name: 'kind', type: AttributeType.STRING },
    sortKey: { name: 'createdAt', type: AttributeType.STRING },
    projectionType: ProjectionType.ALL,
  });
  return table;
}

function sensorStores(scope: Construct, key: IKey): SensorStores {
  return {
    sensorTable: ledgerTable(scope, 'Sensors', { key, partitionKey: 'scope' }),
    assignmentTable: ledgerTable(scope, 'Assignments', { key, partitionKey: 'device' }),
  };
}
