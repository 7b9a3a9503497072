import type { PassState } from './model.ts';
import type { Conclusion, Visit } from './visit.ts';

/** Pass: hands its input on, or what its Output makes of it. */
export function runPass(state: PassState, visit: Visit): Promise<Conclusion> {
  return visit.conclude(state, visit.input);
}
