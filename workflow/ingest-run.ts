/** The fields by which the tasks of the ingest know their run: the first of each payload. */
export const ingestRun = {
  executionArn: '{% $states.context.Execution.Id %}',
  startedAt: '{% $states.context.Execution.StartTime %}',
} as const;

/** What Notify Trouble gets, on either path. */
export const troubleMail = {
  executionArn: ingestRun.executionArn,
  troubles: '{% $report.troubles %}',
  newestSilenceAt: '{% $report.newestSilenceAt %}',
} as const;
