import { SendTaskFailureCommand, SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import { LeaseLostError } from '../../ledger/sensors/fence.ts';
import { errorCode, toCzarError } from '../../runtime/fatal-error.ts';
import { isTaskGone, startHeartbeat, TaskGoneError } from '../../runtime/heartbeat.ts';
import { WorkerLostError } from '../../workflow/model/errors.ts';
import type { PollCommand } from '../model/poll-command.ts';
import { poll } from './poll.ts';
import type { PollerDeps } from './poller-deps.ts';

/** How the poller's process ends. */
export const pollerExit = {
  /** The poll is done, or another one is at work, and the task was told. */
  done: 0,
  /** It failed and the task was told why. */
  failed: 1,
  /** Nobody was told: the command could not be read, or the task could not be reached. */
  untold: 2,
  /** Nobody waits for the answer any more. What was committed is. */
  gone: 3,
} as const;

export type PollerExit = (typeof pollerExit)[keyof typeof pollerExit];

/** Runs commands on E. */
export interface Poller {
  /**
   * Polls, then answers the task token.
   *
   * An abort of `signal` is an interruption: nothing new is begun, and the task is told
   * {@link WorkerLostError}. The next poll goes on where this one ended.
   */
  run(command: PollCommand, signal: AbortSignal): Promise<PollerExit>;
}

/** Makes a poller of its clients and places. */
export function createPoller(deps: PollerDeps): Poller {
  return { run: (command, signal) => runCommand(deps, command, signal) };
}

async function runCommand(
  deps: PollerDeps,
  command: PollCommand,
  interruption: AbortSignal,
): Promise<PollerExit> {
  const { sfn, log, pace, patience } = deps;
  const { taskToken } = command;
  const gone = new AbortController();
  const signal = AbortSignal.any([interruption, gone.signal]);
  patience.endWith(signal);
  const stopBeating = startHeartbeat({
    sfn,
    taskToken,
    milliseconds: pace.heartbeatMilliseconds,
    log,
    onGone: (error) => gone.abort(error),
  });
  log('command started');
  try {
    const reply = await poll(command, signal, deps);
    await sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(reply) }));
    const { ended, stored: messages, duplicates, rejected, objects } = reply;
    log('command done', { ended, messages, duplicates, rejected, objects });
    return pollerExit.done;
  } catch (error) {
    if (error instanceof TaskGoneError || isTaskGone(error)) {
      log('command abandoned');
      return pollerExit.gone;
    }
    return await tellFailure(deps, taskToken, error);
  } finally {
    stopBeating();
  }
}

async function tellFailure(
  { sfn, log }: PollerDeps,
  taskToken: string,
  error: unknown,
): Promise<PollerExit> {
  const { code, message } = toCzarError(
    error instanceof LeaseLostError ? new WorkerLostError(error.message, { cause: error }) : error,
  );
  log('command failed', { code, reason: errorCode(error) });
  try {
    await sfn.send(new SendTaskFailureCommand({ taskToken, error: code, cause: message }));
    return pollerExit.failed;
  } catch (unreached) {
    if (isTaskGone(unreached)) return pollerExit.gone;
    log('task could not be told', { code: errorCode(unreached) });
    return pollerExit.untold;
  }
}
