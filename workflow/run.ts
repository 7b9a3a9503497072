/** The fields by which every task knows its run: the first of each payload. */
export const run = {
  batchId: '{% $plan.batchId %}',
  executionArn: '{% $states.context.Execution.Id %}',
} as const;
