import { runChoice } from './choice.ts';
import { runFail } from './fail.ts';
import { ExecutionFatalError, StateFailedError } from './failure.ts';
import type { Json } from './json.ts';
import { runMap } from './map.ts';
import type { Branch, State } from './model.ts';
import { runParallel } from './parallel.ts';
import { runPass } from './pass.ts';
import type { Frame, Runtime } from './runtime.ts';
import { runSucceed } from './succeed.ts';
import { runTask } from './task.ts';
import { Visit, type Conclusion } from './visit.ts';
import { runWait } from './wait.ts';

/**
 * Runs states until one ends the branch, and returns that one's output.
 *
 * It begins at StartAt, and on a redrive with the state that the branch was in.
 */
export async function runBranch(
  runtime: Runtime,
  branch: Branch,
  input: Json,
  frame: Frame,
): Promise<Json> {
  const { chain, progress } = frame;
  if (progress.ended) {
    chain.last = progress.ended.lastEventId;
    return progress.ended.output;
  }
  let { name, input: value } = progress.at ?? { name: branch.StartAt, input };
  for (;;) {
    const state = branch.States[name];
    if (!state) throw new Error(`the definition was not checked: no state ${name}`);
    const visit = Visit.enter(runtime, frame, name, state.Type, value);
    const conclusion = await runState(state, visit).catch((error: unknown) => {
      if (beginsAnew(error)) progress.fork = undefined;
      throw error;
    });
    visit.exit(conclusion);
    value = conclusion.output;
    if (conclusion.next === undefined) return value;
    name = conclusion.next;
  }
}

/** After these a redrive begins a Map or a Parallel from its first branch, as far as is known of AWS. */
function beginsAnew(error: unknown): boolean {
  if (error instanceof ExecutionFatalError) return true;
  return error instanceof StateFailedError && error.failure.error === 'States.DataLimitExceeded';
}

function runState(state: State, visit: Visit): Promise<Conclusion> {
  switch (state.Type) {
    case 'Pass':
      return runPass(state, visit);
    case 'Task':
      return runTask(state, visit);
    case 'Choice':
      return runChoice(state, visit);
    case 'Wait':
      return runWait(state, visit);
    case 'Succeed':
      return runSucceed(state, visit);
    case 'Fail':
      return runFail(state, visit);
    case 'Parallel':
      return runParallel(state, visit);
    case 'Map':
      return runMap(state, visit);
  }
}
