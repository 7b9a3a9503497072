import {
  BranchCutError,
  ExecutionFatalError,
  StateFailedError,
  TaskFailedError,
  type Failure,
} from './failure.ts';
import { exceedsPayloadLimit, type Json } from './json.ts';
import type { TaskState } from './model.ts';
import { withRecovery } from './recovery.ts';
import { parseResource } from './resource.ts';
import { taskEvents, type TaskEvents, type TaskLimits } from './task-events.ts';
import { deadlines, TaskOverdueError } from './task-deadlines.ts';
import type { Ticket } from './task-tokens.ts';
import { dataLimitExceeded, type Conclusion, type Visit } from './visit.ts';

/** Task: calls the service behind its Resource, and waits for a token's answer where the Resource says so. */
export function runTask(state: TaskState, visit: Visit): Promise<Conclusion> {
  return withRecovery(state, visit, async () => {
    const result = await attempt(state, visit);
    return visit.conclude(state, result, { extras: { result } });
  });
}

async function attempt(state: TaskState, visit: Visit): Promise<Json> {
  const { runtime, frame } = visit;
  const resource = parseResource(state.Resource);
  if (!resource) throw visit.fatal(`The resource ${state.Resource} is not supported.`);
  const events = taskEvents(resource, frame.chain, regionOf(runtime.facts.executionArn));
  const waitsForToken = resource.kind === 'integration' && resource.waitsForToken;
  const ticket = waitsForToken ? runtime.outside.issueToken() : undefined;
  visit.taskToken = ticket?.token;

  const stopWaiting = new AbortController();
  const giveUpCall = new AbortController();
  try {
    const parameters =
      state.Arguments === undefined
        ? visit.input
        : await visit.evaluate(state.Arguments, 'Arguments');
    visit.requireSize(parameters, events.subject);
    const limits = await limitsOf(state, visit);

    events.started(parameters, limits);
    const call = {
      resource: state.Resource,
      parameters,
      taskToken: ticket?.token,
      executionArn: runtime.facts.executionArn,
      stateName: visit.name,
      signal: AbortSignal.any([frame.signal, giveUpCall.signal]),
    };
    const result = await Promise.race([
      answerOf(
        () => runtime.outside.request(call, stopWaiting.signal),
        ticket,
        events,
        stopWaiting.signal,
      ),
      ...deadlines(limits, ticket, runtime.outside, stopWaiting.signal),
      cutOf(frame.signal, stopWaiting.signal),
    ]);
    requireResultSize(result, events);
    events.succeeded(result);
    return result;
  } catch (error) {
    giveUpCall.abort(error);
    throw recordFailure(error, state.Resource, events);
  } finally {
    stopWaiting.abort();
    ticket?.close();
    visit.taskToken = undefined;
  }
}

async function limitsOf(state: TaskState, visit: Visit): Promise<TaskLimits> {
  const seconds = (field: 'TimeoutSeconds' | 'HeartbeatSeconds'): Promise<number> | undefined =>
    state[field] === undefined ? undefined : visit.evaluateCount(state[field], field, 1);
  return {
    timeoutSeconds: await seconds('TimeoutSeconds'),
    heartbeatSeconds: await seconds('HeartbeatSeconds'),
  };
}

/**
 * The task's result: the service's answer, or for a token the answer given to it.
 *
 * A token may be answered before the request that carried it returns; then nothing was submitted and the
 * request's own outcome does not count any more.
 */
async function answerOf(
  request: () => Promise<Json>,
  ticket: Ticket | undefined,
  events: TaskEvents,
  stopped: AbortSignal,
): Promise<Json> {
  const output = request();
  if (!ticket) return output;
  const first = await Promise.race([
    output.then((submitted) => ({ submitted })),
    ticket.answer.then((answer) => ({ answer })),
  ]);
  if ('answer' in first) return first.answer;
  stopped.throwIfAborted();
  requireResultSize(first.submitted, events);
  events.submitted(first.submitted);
  return ticket.answer;
}

/** Rejects when the branch is cut. */
function cutOf(branch: AbortSignal, stopped: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const cut = (): void => reject(new BranchCutError());
    if (branch.aborted) cut();
    branch.addEventListener('abort', cut, { once: true, signal: stopped });
  });
}

/** Writes the event that ends a failed attempt and returns what the state fails with. */
function recordFailure(error: unknown, resource: string, events: TaskEvents): unknown {
  if (error instanceof TaskOverdueError) {
    events.timedOut();
    return new StateFailedError(error.failure);
  }
  if (error instanceof TaskFailedError) return failed(error.failure, events);
  if (error instanceof BranchCutError || error instanceof StateFailedError) return error;
  if (error instanceof ExecutionFatalError) return error;
  // A message could carry data of the request; the error's name cannot.
  const name = error instanceof Error ? error.name : typeof error;
  return failed(
    { error: 'States.TaskFailed', cause: `The runner of ${resource} broke down: ${name}` },
    events,
  );
}

function failed(failure: Failure, events: TaskEvents): StateFailedError {
  events.failed(failure);
  return new StateFailedError(failure);
}

function requireResultSize(result: Json, events: TaskEvents): void {
  if (!exceedsPayloadLimit(JSON.stringify(result))) return;
  throw new TaskFailedError(dataLimitExceeded(events.subject));
}

function regionOf(executionArn: string): string {
  return executionArn.split(':')[3] ?? '';
}
