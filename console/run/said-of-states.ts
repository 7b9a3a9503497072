import type { RunView } from './followed-run.ts';
import { reasonOf } from './reason.ts';
import { runWords } from '../page/pill.ts';

/** What is said aloud of a run: its end, and the machine's own states; forty workers' states would be noise. */
export function saidOfStates(before: RunView, now: RunView): string | undefined {
  const { status } = now.record.execution;
  if (status !== before.record.execution.status) {
    const reason = reasonOf(now.record, now.progress);
    return reason === undefined
      ? `Run: ${runWords[status]}`
      : `Run: ${runWords[status]}. ${reason}`;
  }
  const known = new Map(before.record.states.map(({ id, outcome }) => [id, outcome]));
  const changed = now.record.states.filter(
    ({ id, outcome, worker }) => worker === undefined && known.get(id) !== outcome,
  );
  const last = changed.at(-1);
  return last && `${last.state}: ${last.outcome === 'running' ? 'in progress' : last.outcome}`;
}
