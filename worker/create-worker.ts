import { SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import { type AgentExit, agentExit, tellFailure } from '../runtime/agent-answer.ts';
import { errorCode } from '../runtime/fatal-error.ts';
import { isTaskGone, startHeartbeat, TaskGoneError } from '../runtime/heartbeat.ts';
import { WorkerBrokenError, WorkerLostError } from '../workflow/model/errors.ts';
import type { WorkerCommand } from '../workflow/model/worker-command.ts';
import { configureWorker } from './configure-worker.ts';
import { consolidateBatch } from './consolidate-batch.ts';
import { processBatch } from './process-batch.ts';
import { openScratch } from './scratch.ts';
import type { WorkerDeps } from './worker-deps.ts';

/** Runs commands on an instance (W). */
export interface Worker {
  /**
   * Runs one command, wipes its scratch, then answers its task token.
   *
   * An abort of `signal` is an interruption: nothing new is begun, pipelines are killed, messages
   * are given back, and the task is told {@link WorkerLostError}.
   */
  run(command: WorkerCommand, signal: AbortSignal): Promise<AgentExit>;
}

/** Makes a worker of its clients and places. */
export function createWorker(deps: WorkerDeps): Worker {
  return { run: (command, signal) => runCommand(deps, command, signal) };
}

async function runCommand(
  deps: WorkerDeps,
  command: WorkerCommand,
  interruption: AbortSignal,
): Promise<AgentExit> {
  const { sfn, log, pace } = deps;
  const { taskToken } = command;
  const gone = new AbortController();
  const stopBeating = startHeartbeat({
    sfn,
    taskToken,
    milliseconds: pace.heartbeatMilliseconds,
    log,
    onGone: (error) => gone.abort(error),
  });
  log('command started', { command: command.command, batchId: command.batchId });
  try {
    const reply = await workAndWipe(deps, command, [interruption, gone.signal]);
    await sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(reply) }));
    log('command done', { command: command.command });
    return agentExit.done;
  } catch (error) {
    if (error instanceof TaskGoneError || isTaskGone(error)) {
      log('command abandoned', { command: command.command });
      return agentExit.gone;
    }
    return await tellFailure({ sfn, taskToken, log }, error);
  } finally {
    stopBeating();
  }
}

async function workAndWipe(
  deps: WorkerDeps,
  command: WorkerCommand,
  stops: readonly AbortSignal[],
): Promise<unknown> {
  const scratch = await openScratch(deps.paths.scratch);
  if (scratch.leftovers > 0) deps.log('leftovers wiped', { count: scratch.leftovers });
  const time = new AbortController();
  const limit = command.command === 'configure' ? undefined : command.maxSeconds;
  const timer =
    limit === undefined
      ? undefined
      : setTimeout(() => time.abort(tooLong(limit)), limit * 1000).unref();
  const signal = AbortSignal.any([...stops, time.signal]);
  deps.patience.endWith(signal);
  const end = await settle(work(deps, command, { scratch: scratch.path, signal }));
  clearTimeout(timer);
  const wiped = await settle(scratch.wipe());
  // Whatever broke because of the abort, the abort is the reason; and why a disk cannot be wiped is
  // most often what broke the work before.
  signal.throwIfAborted();
  if ('error' in end) throw end.error;
  if ('error' in wiped) {
    throw new WorkerBrokenError(`the scratch could not be wiped: ${errorCode(wiped.error)}`, {
      cause: wiped.error,
    });
  }
  return end.reply;
}

type End = { readonly reply: unknown } | { readonly error: unknown };

async function settle(work: Promise<unknown>): Promise<End> {
  try {
    return { reply: await work };
  } catch (error) {
    return { error };
  }
}

function work(
  deps: WorkerDeps,
  command: WorkerCommand,
  run: { readonly scratch: string; readonly signal: AbortSignal },
): Promise<unknown> {
  switch (command.command) {
    case 'configure':
      return configureWorker(deps);
    case 'process':
      return processBatch({ command, ...run }, deps);
    case 'consolidate':
      return consolidateBatch({ command, ...run }, deps);
  }
}

function tooLong(seconds: number): WorkerLostError {
  return new WorkerLostError(`the worker did not end within ${seconds} seconds`);
}
