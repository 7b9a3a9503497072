/**
 * *transient*: the machine retries it. *expected*: the machine catches it and the batch fails with
 * its code. *defect*: never retried; somebody has to mend code or policy.
 */
export type ErrorFamily = 'transient' | 'expected' | 'defect';

/**
 * An error that the state machine can match.
 *
 * `code` equals `name`, and each class writes it as a literal, because esbuild renames classes and
 * Lambda reports `name` as `errorType`. Messages carry ids, counts and field names only.
 */
export abstract class CzarError extends Error {
  abstract readonly code: string;
  abstract readonly family: ErrorFamily;
}

/** An AWS service throttled, timed out or failed on its side, and the SDK's own retries ran out. */
export class AwsUnavailableError extends CzarError {
  static readonly code = 'AwsUnavailableError';
  override readonly name = AwsUnavailableError.code;
  readonly code = AwsUnavailableError.code;
  readonly family = 'transient';
}

/** EC2 has no room for the instance now. */
export class InsufficientCapacityError extends CzarError {
  static readonly code = 'InsufficientCapacityError';
  override readonly name = InsufficientCapacityError.code;
  readonly code = InsufficientCapacityError.code;
  readonly family = 'transient';
}

/** Open Batch ran out of its time before its objects ended; a repeated call goes on where it stopped. */
export class StillOpeningError extends CzarError {
  static readonly code = 'StillOpeningError';
  override readonly name = StillOpeningError.code;
  readonly code = StillOpeningError.code;
  readonly family = 'transient';
}

/** Something of the batch is still shutting down. */
export class StillEvaporatingError extends CzarError {
  static readonly code = 'StillEvaporatingError';
  override readonly name = StillEvaporatingError.code;
  readonly code = StillEvaporatingError.code;
  readonly family = 'transient';
}

/** The execution's input, or the batch it names, is not one that can run. Nothing was launched. */
export class RequestRefusedError extends CzarError {
  static readonly code = 'RequestRefusedError';
  override readonly name = RequestRefusedError.code;
  readonly code = RequestRefusedError.code;
  readonly family = 'expected';
}

/** Another execution opened the batch first. */
export class BatchTakenError extends CzarError {
  static readonly code = 'BatchTakenError';
  override readonly name = BatchTakenError.code;
  readonly code = BatchTakenError.code;
  readonly family = 'expected';
}

/** The listing in S3A is missing, unreadable, or not of this batch; or it and the manifest differ. */
export class ManifestMismatchError extends CzarError {
  static readonly code = 'ManifestMismatchError';
  override readonly name = ManifestMismatchError.code;
  readonly code = ManifestMismatchError.code;
  readonly family = 'expected';
}

/** The execution was redriven since the run began: what was left of it is ended, and another opened. */
export class RunEndedError extends CzarError {
  static readonly code = 'RunEndedError';
  override readonly name = RunEndedError.code;
  readonly code = RunEndedError.code;
  readonly family = 'expected';
}

/** The account may not launch this many, or this kind of, instances. */
export class QuotaExceededError extends CzarError {
  static readonly code = 'QuotaExceededError';
  override readonly name = QuotaExceededError.code;
  readonly code = QuotaExceededError.code;
  readonly family = 'expected';
}

/** A worker's instance ended, never came online, or no longer answers. */
export class WorkerLostError extends CzarError {
  static readonly code = 'WorkerLostError';
  override readonly name = WorkerLostError.code;
  readonly code = WorkerLostError.code;
  readonly family = 'expected';
}

/** A worker answered that it cannot do its work: wrong digest of its software, swap on, no scratch. */
export class WorkerBrokenError extends CzarError {
  static readonly code = 'WorkerBrokenError';
  override readonly name = WorkerBrokenError.code;
  readonly code = WorkerBrokenError.code;
  readonly family = 'expected';
}

/** The data key is disabled, pending deletion, or does not exist. */
export class KeyUnavailableError extends CzarError {
  static readonly code = 'KeyUnavailableError';
  override readonly name = KeyUnavailableError.code;
  readonly code = KeyUnavailableError.code;
  readonly family = 'expected';
}

/** More objects failed than the request tolerates. */
export class ObjectsFailedError extends CzarError {
  static readonly code = 'ObjectsFailedError';
  override readonly name = ObjectsFailedError.code;
  readonly code = ObjectsFailedError.code;
  readonly family = 'expected';
}

/** The pipeline's consolidation ended with an error. */
export class PipelineFailedError extends CzarError {
  static readonly code = 'PipelineFailedError';
  override readonly name = PipelineFailedError.code;
  readonly code = PipelineFailedError.code;
  readonly family = 'expected';
}

/** Something of the batch is left after the end: an instance, volume, interface, grant or queue. */
export class RemnantsError extends CzarError {
  static readonly code = 'RemnantsError';
  override readonly name = RemnantsError.code;
  readonly code = RemnantsError.code;
  readonly family = 'expected';
}

/** Another execution of the ingest runs, begun before this one: this one is to do nothing. */
export class IngestBusyError extends CzarError {
  static readonly code = 'IngestBusyError';
  override readonly name = IngestBusyError.code;
  readonly code = IngestBusyError.code;
  readonly family = 'expected';
}

/** The workbench (E) does not exist, or is not running. */
export class WorkbenchStoppedError extends CzarError {
  static readonly code = 'WorkbenchStoppedError';
  override readonly name = WorkbenchStoppedError.code;
  readonly code = WorkbenchStoppedError.code;
  readonly family = 'expected';
}

/** The workbench (E) is starting, or its SSM agent does not answer. */
export class WorkbenchUnreachableError extends CzarError {
  static readonly code = 'WorkbenchUnreachableError';
  override readonly name = WorkbenchUnreachableError.code;
  readonly code = WorkbenchUnreachableError.code;
  readonly family = 'expected';
}

/** A task's input, output or environment does not have the agreed form. */
export class ContractError extends CzarError {
  static readonly code = 'ContractError';
  override readonly name = ContractError.code;
  readonly code = ContractError.code;
  readonly family = 'defect';
}

/** AWS denied a call that the task's role should be allowed to make. */
export class PermissionError extends CzarError {
  static readonly code = 'PermissionError';
  override readonly name = PermissionError.code;
  readonly code = PermissionError.code;
  readonly family = 'defect';
}
