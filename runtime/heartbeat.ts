import { SendTaskHeartbeatCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { isAwsError } from './aws-errors.ts';
import { errorCode } from './fatal-error.ts';

/** Nobody waits for this task any more: its execution ended, or gave the worker up. */
export class TaskGoneError extends Error {
  override readonly name = 'TaskGoneError';
  readonly code = 'TaskGoneError';
}

const gone = new Set(['TaskDoesNotExist', 'TaskTimedOut', 'InvalidToken']);

/** Says whether Step Functions answers that nobody waits for the task. */
export const isTaskGone = (error: unknown): boolean => isAwsError(error, gone);

interface Beat {
  readonly sfn: SFNClient;
  readonly taskToken: string;
  readonly milliseconds: number;
  readonly log: (message: 'heartbeat failed', fields: { readonly code: string }) => void;
  /** Called once, when the task is gone. */
  readonly onGone: (error: TaskGoneError) => void;
}

/**
 * Sends heartbeats until it is stopped or the task is gone. Answers the function that stops it.
 *
 * A beat that fails otherwise is logged and left to the next one: three may be missed.
 */
export function startHeartbeat({ sfn, taskToken, milliseconds, log, onGone }: Beat): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout;
  const beat = async (): Promise<void> => {
    try {
      await sfn.send(new SendTaskHeartbeatCommand({ taskToken }));
    } catch (error) {
      if (isTaskGone(error)) {
        stopped = true;
        onGone(new TaskGoneError('The task is gone.', { cause: error }));
      } else log('heartbeat failed', { code: errorCode(error) });
    }
    schedule();
  };
  const schedule = (): void => {
    if (!stopped) timer = setTimeout(() => void beat(), milliseconds);
  };
  schedule();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
