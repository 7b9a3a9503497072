import type { ChoiceState } from './model.ts';
import type { Conclusion, Visit } from './visit.ts';

/**
 * Choice: goes where the first rule whose Condition is true points.
 *
 * A rule has its own Output and Assign; the state's own ones belong to Default.
 */
export async function runChoice(state: ChoiceState, visit: Visit): Promise<Conclusion> {
  for (const [i, rule] of state.Choices.entries()) {
    const prefix = `Choices[${i}]/`;
    if (await visit.evaluateTo('boolean', rule.Condition, `${prefix}Condition`)) {
      return visit.conclude(rule, visit.input, { prefix });
    }
  }
  if (state.Default === undefined) {
    throw visit.fatal(
      'Failed to transition out of the state. The state does not point to a next state.',
    );
  }
  return visit.conclude(
    { Output: state.Output, Assign: state.Assign, Next: state.Default },
    visit.input,
  );
}
