import type { ExecutionRecord } from './execution-record.ts';

const day = 24 * 3600 * 1000;

/** As long after its end an execution can be redriven. */
const redrivableMs = 14 * day;

/** As long after its start an execution may be open at all. */
const longestOpenMs = 365 * day;

/** A history ends with event 25,000; a redrive needs two. */
const mostEvents = 24_999;

/**
 * Why an execution cannot be redriven, in AWS's words; undefined for one that can.
 *
 * @see AWS Step Functions API Reference, DescribeExecution, redriveStatusReason
 */
export function whyNotRedrivable(
  { status, isRefused, startDate, stopDate, history }: ExecutionRecord,
  now: Date,
): string | undefined {
  if (status === 'RUNNING' || status === 'SUCCEEDED')
    return `Execution is ${status} and cannot be redriven`;
  if (isRefused) return 'The journal of the execution was refused';
  if (history.length >= mostEvents) return 'Execution history event limit exceeded';
  if (now.getTime() - startDate.getTime() > longestOpenMs)
    return 'Execution has exceeded the max execution time';
  if (now.getTime() - (stopDate ?? now).getTime() > redrivableMs)
    return 'Execution redrivable period exceeded';
  return undefined;
}
