/**
 * Tags on everything a run creates. Termination, proof of absence and the sweeper find by these
 * and never by an id held in state.
 */
export const tagKeys = {
  /** The study (project identifier tag), on every resource of a deployment. */
  study: 'czar:study',
  batch: 'czar:batch',
  execution: 'czar:execution',
  /** Which redrive of the execution; 0 before the first. */
  redrive: 'czar:redrive',
  worker: 'czar:worker',
  attempt: 'czar:attempt',
  /** Which of the long-lived instances it is: `workbench` for E. No worker has it. */
  system: 'czar:system',
} as const;

/** Last segment of an execution's ARN. */
export function executionName(executionArn: string): string {
  return executionArn.slice(executionArn.lastIndexOf(':') + 1);
}
