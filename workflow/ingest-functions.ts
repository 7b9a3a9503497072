import type { IFunction } from 'aws-cdk-lib/aws-lambda';

/**
 * The functions behind the ingest's Task states, by their folder under `tasks/`, and how long each may
 * run, in seconds.
 */
export const ingestFunctionSeconds = {
  'check-workbench': 30,
  'poll-sensors': 30,
  'record-poll': 30,
  // Three reads of each device, sixteen devices at once, and the open gaps of those that have some.
  'report-gaps': 300,
  'notify-trouble': 30,
} as const;

/** A function that a Task state of the ingest calls. */
export type IngestTaskName = keyof typeof ingestFunctionSeconds;

/** The functions as a stack has made them. */
export type IngestFunctions = Readonly<Record<IngestTaskName, IFunction>>;
