import { runChoice } from './choice.ts';
import { runFail } from './fail.ts';
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

/** Runs states from StartAt until one ends the branch, and returns that one's output. */
export async function runBranch(
  runtime: Runtime,
  branch: Branch,
  input: Json,
  frame: Frame,
): Promise<Json> {
  let name = branch.StartAt;
  let value = input;
  for (;;) {
    const state = branch.States[name];
    if (!state) throw new Error(`the definition was not checked: no state ${name}`);
    const visit = Visit.enter(runtime, frame, name, state.Type, value);
    const conclusion = await runState(state, visit);
    visit.exit(conclusion);
    value = conclusion.output;
    if (conclusion.next === undefined) return value;
    name = conclusion.next;
  }
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
