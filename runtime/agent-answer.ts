import { SendTaskFailureCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { WorkerBrokenError, WorkerLostError } from '../workflow/model/errors.ts';
import { errorCode, toCzarError } from './fatal-error.ts';
import { isTaskGone } from './heartbeat.ts';

/** How the process of an agent on an instance ends. */
export const agentExit = {
  /** The work is done and the task was told. */
  done: 0,
  /** The work failed and the task was told why. */
  failed: 1,
  /** Nobody was told: the command could not be read, or the task could not be reached. */
  untold: 2,
  /** Nobody waits for the answer any more. */
  gone: 3,
} as const;

export type AgentExit = (typeof agentExit)[keyof typeof agentExit];

/** The task that an agent answers, and where it logs how that went. */
interface Answering {
  readonly sfn: SFNClient;
  readonly taskToken: string;
  readonly log: (
    message: 'command failed' | 'task could not be told',
    fields: { readonly code: string; readonly reason?: string },
  ) => void;
}

/** Tells a task why its work failed; `told` is what it is told in the error's place. */
export async function tellFailure(
  { sfn, taskToken, log }: Answering,
  error: unknown,
  told = error,
): Promise<AgentExit> {
  const { code, message } = toCzarError(told);
  log('command failed', { code, reason: errorCode(error) });
  try {
    await sfn.send(new SendTaskFailureCommand({ taskToken, error: code, cause: message }));
    return agentExit.failed;
  } catch (unreached) {
    if (isTaskGone(unreached)) return agentExit.gone;
    log('task could not be told', { code: errorCode(unreached) });
    return agentExit.untold;
  }
}

/** Answers for an agent that does not know its deployment. */
export async function tellBroken(
  { sfn, taskToken, log }: Answering,
  error: unknown,
): Promise<AgentExit> {
  log('command failed', { code: WorkerBrokenError.code, reason: errorCode(error) });
  try {
    await sfn.send(
      new SendTaskFailureCommand({
        taskToken,
        error: WorkerBrokenError.code,
        cause: `the settings cannot be read: ${errorCode(error)}`,
      }),
    );
    return agentExit.failed;
  } catch (untold) {
    log('task could not be told', { code: errorCode(untold) });
    return agentExit.untold;
  }
}

/** An agent's signal to stop, and what gives it as well. */
export interface StopWatch {
  readonly signal: AbortSignal;
  readonly stop: () => void;
}

/** Aborts at whatever wants this process to end, so that the agent still answers. */
export function watchForStop(agent: 'worker' | 'poller', told: () => void): StopWatch {
  const controller = new AbortController();
  const stop = (): void => {
    told();
    controller.abort(new WorkerLostError(`the ${agent} was told to stop`));
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  process.on('uncaughtException', (error) => {
    controller.abort(new WorkerBrokenError(`unforeseen: ${errorCode(error)}`, { cause: error }));
  });
  return { signal: controller.signal, stop };
}
