import { Fork } from './fork.ts';
import type { Json } from './json.ts';
import type { ParallelState } from './model.ts';
import { withRecovery } from './recovery.ts';
import type { Conclusion, Visit } from './visit.ts';

/** Parallel: runs its branches side by side on the same input; its result is the list of their outputs. */
export function runParallel(state: ParallelState, visit: Visit): Promise<Conclusion> {
  const { chain } = visit.frame;
  return withRecovery(
    state,
    visit,
    async () => {
      const result = await runBranches(state, visit);
      return visit.conclude(state, result, { extras: { result } });
    },
    () => chain.add('ParallelStateFailed'),
  );
}

async function runBranches(state: ParallelState, visit: Visit): Promise<Json[]> {
  const { runtime, frame } = visit;
  const input =
    state.Arguments === undefined
      ? visit.input
      : await visit.evaluate(state.Arguments, 'Arguments');
  const started = frame.chain.add('ParallelStateStarted');

  const fork = new Fork(frame);
  const outputs = await fork.join(
    state.Branches.map((branch) => {
      const inner = fork.branch(started.id);
      return fork.run(inner, async () => {
        const output = await runtime.runBranch(branch, input, inner);
        frame.chain.last = inner.chain.last;
        return output;
      });
    }),
  );
  frame.chain.closeBranches();
  frame.chain.addAside('ParallelStateSucceeded');
  return outputs;
}
