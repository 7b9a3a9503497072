import { createHash } from 'node:crypto';

/**
 * Twelve hex digits that stand for an execution where its ARN does not fit, or may not stand
 * because a person chose its name.
 */
export function executionHash(executionArn: string): string {
  return createHash('sha256').update(executionArn).digest('hex').slice(0, 12);
}

interface OfExecution {
  readonly executionArn: string;
  readonly redrive: number;
}

/**
 * What stands for a run in every name: its execution's hash, and which redrive of it, so that nothing
 * of a redriven run has the name of something that was ended before it. SQS refuses the name of a
 * deleted queue for a minute, and EC2 and KMS answer a known one with what is gone.
 */
export function runName({ executionArn, redrive }: OfExecution): string {
  const hash = executionHash(executionArn);
  return redrive === 0 ? hash : `${hash}-${redrive}`;
}

/** A run and those that its execution had before it: all that is over when this one is. */
export function runsUpTo<Run extends OfExecution>(run: Run): Run[] {
  return Array.from({ length: run.redrive + 1 }, (_, redrive) => ({ ...run, redrive }));
}

interface NamedBatch {
  readonly study: string;
  readonly batchId: string;
}

type NamedExecution = NamedBatch & Pick<OfExecution, 'executionArn'>;
type NamedRun = NamedBatch & OfExecution;

/** What the names of all queues of a study's batches begin with. */
export const studyQueuePrefix = (study: string): string => `${study}-batch-`;

/** What the names of all queues of a batch begin with. */
export const batchQueuePrefix = ({ study, batchId }: NamedBatch): string =>
  `${studyQueuePrefix(study)}${batchId}-`;

/** Name of a run's queue; at most 53 of the 80 characters SQS allows, to the 999th redrive. */
export function queueName(run: NamedRun): string {
  return batchQueuePrefix(run) + runName(run);
}

/** What the names of the log groups of a study's functions and state machines begin with: its stacks. */
export const logGroupPrefixes = (study: string): string[] =>
  ['Batch', 'Ingest', 'Workers'].map((stack) => `${study}-${stack}-`);

/** What the names of all grants for a study's workers begin with. */
export const studyGrantPrefix = (study: string): string => `${study}/`;

/** What the names of all grants of a batch begin with. */
export const batchGrantPrefix = ({ study, batchId }: NamedBatch): string =>
  `${studyGrantPrefix(study)}${batchId}/`;

/** What the names of all grants of an execution begin with, whichever run of it they are of. */
export function grantNamePrefix(execution: NamedExecution): string {
  return batchGrantPrefix(execution) + executionHash(execution.executionArn);
}

/** What the names of all of a run's grants begin with. */
export function runGrantPrefix(run: NamedRun): string {
  return `${batchGrantPrefix(run)}${runName(run)}/`;
}

/** Name of one worker's grant: KMS answers a repeated CreateGrant of this name with the same grant. */
export function grantName(run: NamedRun, workerIndex: number, attempt: number): string {
  return `${runGrantPrefix(run)}${workerIndex}/${attempt}`;
}
