/** What ASL calls an error: its name and its cause, both optional (a Fail state may give neither). */
export interface Failure {
  readonly error?: string;
  readonly cause?: string;
  /**
   * A second name by which Retry and Catch may match.
   *
   * AWS reports a missed heartbeat as `States.Timeout` and still lets it be caught as
   * `States.HeartbeatTimeout`.
   */
  readonly alias?: string;
}

/** A state failed: Retry and Catch are asked, and without them it ends its branch. */
export class StateFailedError extends Error {
  override readonly name = 'StateFailedError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.cause ?? failure.error ?? 'the state failed');
    this.failure = failure;
  }
}

/**
 * `States.Runtime`: the execution ends here.
 *
 * AWS offers it to no Retry and no Catch, not even to one that names it.
 */
export class ExecutionFatalError extends Error {
  override readonly name = 'ExecutionFatalError';
  readonly failure: Failure;

  constructor(cause: string) {
    super(cause);
    this.failure = { error: 'States.Runtime', cause };
  }
}

/** This branch was cut: a sibling failed, or the execution was stopped or timed out. Nothing is recorded any more. */
export class BranchCutError extends Error {
  override readonly name = 'BranchCutError';

  constructor() {
    super('the branch was cut');
  }
}

/**
 * A task failed, as its runner or `SendTaskFailure` reports it.
 *
 * Runners throw this; anything else they throw is taken for a defect of theirs.
 */
export class TaskFailedError extends Error {
  override readonly name = 'TaskFailedError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.cause ?? failure.error ?? 'the task failed');
    this.failure = failure;
  }
}

/** The fields `error` and `cause` as an event carries them: absent rather than undefined. */
export function failureDetails(failure: Failure): { error?: string; cause?: string } {
  return {
    ...(failure.error === undefined ? {} : { error: failure.error }),
    ...(failure.cause === undefined ? {} : { cause: failure.cause }),
  };
}
