import { SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import { LeaseLostError } from '../../ledger/sensors/fence.ts';
import { type AgentExit, agentExit, tellFailure } from '../../runtime/agent-answer.ts';
import { isTaskGone, startHeartbeat, TaskGoneError } from '../../runtime/heartbeat.ts';
import { WorkerLostError } from '../../workflow/model/errors.ts';
import type { PollCommand } from '../model/poll-command.ts';
import { poll } from './poll.ts';
import type { PollerDeps } from './poller-deps.ts';

/** Runs commands on E. */
export interface Poller {
  /**
   * Polls, then answers the task token.
   *
   * An abort of `signal` is an interruption: nothing new is begun, and the task is told
   * {@link WorkerLostError}. The next poll goes on where this one ended.
   */
  run(command: PollCommand, signal: AbortSignal): Promise<AgentExit>;
}

/** Makes a poller of its clients and places. */
export function createPoller(deps: PollerDeps): Poller {
  return { run: (command, signal) => runCommand(deps, command, signal) };
}

async function runCommand(
  deps: PollerDeps,
  command: PollCommand,
  interruption: AbortSignal,
): Promise<AgentExit> {
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
    return agentExit.done;
  } catch (error) {
    if (error instanceof TaskGoneError || isTaskGone(error)) {
      log('command abandoned');
      return agentExit.gone;
    }
    const told =
      error instanceof LeaseLostError
        ? new WorkerLostError(error.message, { cause: error })
        : error;
    return await tellFailure({ sfn, taskToken, log }, error, told);
  } finally {
    stopBeating();
  }
}
