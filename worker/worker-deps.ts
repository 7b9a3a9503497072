import type { KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SFNClient } from '@aws-sdk/client-sfn';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { LedgerTable } from '../ledger/table.ts';
import type { Patience } from '../runtime/patience.ts';
import type { WorkerSettings } from '../workflow/model/worker-settings.ts';
import type { Log } from './log.ts';
import type { PipelineCell } from './pipeline-cell.ts';

/** Where things are on the instance. */
export interface WorkerPaths {
  /** The encrypted scratch volume (0700). Plaintext exists below it and nowhere else. */
  readonly scratch: string;
  /** One folder per pipeline, beside the agent. */
  readonly pipelines: string;
  /** The tar that the agent was unpacked from. */
  readonly agentTar: string;
  /** The kernel's list of swap devices; undefined where the machine's swap is not the worker's to judge. */
  readonly swaps: string | undefined;
}

/** How long things take. Tests make them short. */
export interface WorkerPace {
  readonly heartbeatMilliseconds: number;
  /** Wait before an object that failed in passing is tried again: this, then twice, then four times. */
  readonly backoffSeconds: number;
  /**
   * Wait of a poll of the queue. SQS allows 20, but every batch has an end, where the queue is empty
   * and the last objects are with other workers: the wait is what a worker is late then.
   */
  readonly pollSeconds: number;
  /** Between two looks at a pipeline's memory. */
  readonly memoryCheckMilliseconds: number;
}

/** Everything that the worker needs from outside. */
export interface WorkerDeps {
  readonly settings: WorkerSettings;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly sfn: SFNClient;
  readonly kms: KMSClient;
  readonly table: LedgerTable;
  readonly paths: WorkerPaths;
  readonly pace: WorkerPace;
  /** What the machine has, to decide how many objects are worked on at once. */
  readonly machine: { readonly cores: number; readonly memoryMiB: number };
  readonly cell: PipelineCell;
  readonly patience: Patience;
  readonly now: () => Date;
  readonly log: Log;
}
