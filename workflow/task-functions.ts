import type { IFunction } from 'aws-cdk-lib/aws-lambda';

/**
 * The functions behind the Task states, by their folder under `tasks/`, and how long each may run,
 * in seconds.
 *
 * Most make a handful of AWS calls; 30 s leaves the SDK's three tries of each room. A state waits
 * {@link graceSeconds} longer than its function may run, so that the function's own end is what
 * the machine sees.
 */
export const functionSeconds = {
  'validate-request': 30,
  // Lambda's most. Open Batch stops itself a minute before and is called again.
  'open-batch': 900,
  notify: 30,
  'launch-worker': 60,
  // Ten minutes of waiting, and one for the calls on either side of it.
  'await-worker': 660,
  'configure-worker': 30,
  'deliver-key': 30,
  process: 30,
  'retire-worker': 60,
  consolidate: 30,
  // 120 instances and as many grants, which are revoked one by one at some 50 ms each.
  'terminate-workers': 120,
  'prove-evaporated': 60,
  'close-batch': 30,
  'fail-batch': 30,
} as const;

/** A function that a Task state calls. */
export type TaskName = keyof typeof functionSeconds;

/** The functions as a stack has made them. */
export type TaskFunctions = Readonly<Record<TaskName, IFunction>>;

/** How much longer a state waits than its function may run: a cold start, and the way there. */
export const graceSeconds = 30;
