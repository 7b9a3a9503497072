import type { KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SFNClient } from '@aws-sdk/client-sfn';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { LedgerTable, Table } from '../../ledger/table.ts';
import type { Patience } from '../../runtime/patience.ts';
import type { PollerSettings } from '../model/poller-settings.ts';
import type { Log } from './poller-log.ts';
import type { ChunkLimits } from './receive-chunk.ts';

/** How long things take, and how much is done at once. Tests make them small. */
export interface PollerPace {
  readonly heartbeatMilliseconds: number;
  readonly leaseSeconds: number;
  readonly renewMilliseconds: number;
  /** How long messages of a poller that was cut off may still be invisible. */
  readonly invisibleMilliseconds: number;
  readonly chunk: ChunkLimits;
}

/** Everything that the poller needs from outside. */
export interface PollerDeps {
  readonly settings: PollerSettings;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly sfn: SFNClient;
  readonly kms: KMSClient;
  readonly ledger: LedgerTable;
  readonly sensors: Table;
  readonly assignments: Table;
  /** The instance that the poller runs on. */
  readonly workbench: string;
  /** A folder on E's encrypted disk (0700). Ciphertext only. */
  readonly spoolDirectory: string;
  readonly pace: PollerPace;
  readonly patience: Patience;
  /** Cryptographic: batch ids are made of it. */
  readonly randomByte: () => number;
  readonly now: () => Date;
  readonly log: Log;
}
