/** What a definition is checked for. */
export type RuleName =
  | 'unreachable-state'
  | 'shadowed-rule'
  | 'failure-ends-well'
  | 'skipped-termination'
  | 'unassigned-variable'
  | 'lost-input'
  | 'unbounded-loop'
  | 'no-timeout'
  | 'heartbeat-too-long'
  | 'hidden-error-rule'
  | 'unthrown-error';

/** One thing wrong with a definition. */
export interface Finding {
  readonly rule: RuleName;
  /** Where, as AWS's validator writes it: `/States/Workers/ItemProcessor/States/Process/Catch[1]`. */
  readonly path: string;
  /** What is wrong there, for a person. */
  readonly sentence: string;
}

/** The definition, or an option, is not one that the checks can judge. */
export class CheckRefusedError extends Error {
  override readonly name = 'CheckRefusedError';
}
