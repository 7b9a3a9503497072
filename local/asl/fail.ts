import { StateFailedError } from './failure.ts';
import type { FailState } from './model.ts';
import type { Visit } from './visit.ts';

/** Fail: fails its branch with the error and the cause it names, either of which may be missing. */
export async function runFail(state: FailState, visit: Visit): Promise<never> {
  const text = (field: 'Error' | 'Cause'): Promise<string> | undefined =>
    state[field] === undefined ? undefined : visit.evaluateTo('string', state[field], field);
  throw new StateFailedError({ error: await text('Error'), cause: await text('Cause') });
}
