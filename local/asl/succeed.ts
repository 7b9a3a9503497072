import type { SucceedState } from './model.ts';
import type { Conclusion, Visit } from './visit.ts';

/** Succeed: ends its branch well. */
export function runSucceed(state: SucceedState, visit: Visit): Promise<Conclusion> {
  return visit.conclude({ Output: state.Output }, visit.input);
}
