/** How often the execution was redriven, as Step Functions counts it. */
export const redriveCount = '{% $states.context.Execution.RedriveCount %}';

/**
 * Whether the execution was redriven since its run began.
 *
 * `$redrive` is noted when Open Batch ends. A redrive enters the states that had not ended again, and
 * Step Functions counts on: the count is then the greater one until Open Batch has ended again.
 */
export const redriven = '{% $states.context.Execution.RedriveCount > $redrive %}';

/** The fields by which every task knows its run: the first of each payload. */
export const run = {
  batchId: '{% $plan.batchId %}',
  executionArn: '{% $states.context.Execution.Id %}',
  redrive: '{% $redrive %}',
} as const;

/** The same for tasks that must not act, or fail, in a run that is over. Those that end things may. */
export const liveRun = { ...run, redriven } as const;
