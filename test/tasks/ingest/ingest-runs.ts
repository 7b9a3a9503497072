import type { RecordedPoll } from '../../../ingest/model/ingest-run.ts';

const monday = Date.parse('2026-11-23T08:00:00.000Z');

/** Some minutes after the Monday morning on which these tests begin. */
export const minutesLater = (minutes: number): Date => new Date(monday + minutes * 60_000);

export const ingestMachineArn =
  'arn:aws:states:us-east-1:111122223333:stateMachine:czarhipaa-ingest';

/** The n-th run of the ingest: one a minute. */
export const ingestRun = (number: number) => ({
  executionArn: `${ingestMachineArn.replace('stateMachine', 'execution')}:run-${number}`,
  startedAt: minutesLater(number).toISOString(),
});

/** A poll that found nothing to do. */
export const emptyPoll: RecordedPoll = {
  ended: 'EMPTY',
  receipts: 0,
  stored: 0,
  aside: {},
  duplicates: 0,
  redelivered: 0,
  rejected: 0,
  objects: 0,
  backlog: 0,
  oldestSeconds: 0,
  sealed: [],
};
