/** Exit codes of `czar`, after sysexits.h where it has one; the keys are `error` in `--json`. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 64,
  badInput: 65,
  unavailable: 69,
  defect: 70,
  cannotWrite: 73,
  tryAgain: 75,
  denied: 77,
  interrupted: 130,
} as const;

export type Failure = Exclude<keyof typeof exitCodes, 'ok'>;

/** What each exit code says, for `czar --help`. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'done',
  failed:
    'the batch, or the run, ended FAILED or was stopped; czar audit found what should not be; evidence does not verify',
  usage: 'the command line is wrong',
  badInput: 'the data, or the batch they go to or come from, cannot be taken',
  unavailable: 'there is no such deployment, or it does not answer as it should',
  defect: 'a defect of czar itself',
  cannotWrite: 'a file or folder on this machine cannot be used, or its disk is full',
  tryAgain: 'the network or a service let it down: the same command goes on where it stopped',
  denied: 'this role may not do that, or there are no valid credentials',
  interrupted: 'interrupted by Ctrl-C',
};

/** An error that a person reads: one sentence that repeats nothing they typed, and a kind. */
export class UserError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UserError';
    this.failure = failure;
  }

  get exitCode(): number {
    return exitCodes[this.failure];
  }
}

/** A batch that cannot be gone on with: trying the same again ends the same way. */
export class BatchUnusableError extends UserError {
  constructor(message: string, options?: ErrorOptions) {
    super('badInput', message, options);
    this.name = 'BatchUnusableError';
  }
}
