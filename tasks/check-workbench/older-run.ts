import { paginateListExecutions, type SFNClient } from '@aws-sdk/client-sfn';

/** An execution of the ingest, and the machine that it is of. */
interface OwnExecution {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly startedAt: string;
}

/**
 * Says whether an execution of the same machine runs that began before this one; of two that began in
 * the same millisecond, the one whose ARN sorts first is the older.
 *
 * Step Functions' list may lag behind a start by some seconds. Two runs that do not see each other
 * still poll one after the other, by the poller's lease.
 */
export async function isOlderRunOn(
  sfn: SFNClient,
  { executionArn, stateMachineArn, startedAt }: OwnExecution,
): Promise<boolean> {
  const own = Date.parse(startedAt);
  const pages = paginateListExecutions(
    { client: sfn },
    { stateMachineArn, statusFilter: 'RUNNING' },
  );
  for await (const { executions = [] } of pages) {
    const isOlder = executions.some((other) => {
      if (other.executionArn === undefined || other.executionArn === executionArn) return false;
      const began = other.startDate?.getTime() ?? 0;
      return began < own || (began === own && other.executionArn < executionArn);
    });
    if (isOlder) return true;
  }
  return false;
}
