import { createHash } from 'node:crypto';

/**
 * Twelve hex digits that stand for an execution where its ARN does not fit, or may not stand
 * because a person chose its name.
 */
export function executionHash(executionArn: string): string {
  return createHash('sha256').update(executionArn).digest('hex').slice(0, 12);
}

interface NamedRun {
  readonly study: string;
  readonly batchId: string;
  readonly executionArn: string;
}

type NamedBatch = Omit<NamedRun, 'executionArn'>;

/** What the names of all queues of a study's batches begin with. */
export const studyQueuePrefix = (study: string): string => `${study}-batch-`;

/** What the names of all queues of a batch begin with. */
export const batchQueuePrefix = ({ study, batchId }: NamedBatch): string =>
  `${studyQueuePrefix(study)}${batchId}-`;

/** Name of a run's queue; at most 50 of the 80 characters SQS allows. */
export function queueName(run: NamedRun): string {
  return batchQueuePrefix(run) + executionHash(run.executionArn);
}

/** What the names of all grants for a study's workers begin with. */
export const studyGrantPrefix = (study: string): string => `${study}/`;

/** What the names of all grants of a batch begin with. */
export const batchGrantPrefix = ({ study, batchId }: NamedBatch): string =>
  `${studyGrantPrefix(study)}${batchId}/`;

/** What the names of all of a run's grants begin with. */
export function grantNamePrefix(run: NamedRun): string {
  return `${batchGrantPrefix(run)}${executionHash(run.executionArn)}/`;
}

/** Name of one worker's grant: KMS answers a repeated CreateGrant of this name with the same grant. */
export function grantName(run: NamedRun, workerIndex: number, attempt: number): string {
  return `${grantNamePrefix(run)}${workerIndex}/${attempt}`;
}
