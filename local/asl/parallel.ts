import { Fork } from './fork.ts';
import type { Json } from './json.ts';
import type { ParallelState } from './model.ts';
import type { ForkProgress } from './progress.ts';
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

async function begin(state: ParallelState, visit: Visit, fork: Fork): Promise<ForkProgress> {
  const input =
    state.Arguments === undefined
      ? visit.input
      : await visit.evaluate(state.Arguments, 'Arguments');
  const { id: startedId } = visit.frame.chain.add('ParallelStateStarted');
  return { input, startedId, branches: state.Branches.map(() => fork.begin(startedId)) };
}

async function runBranches(state: ParallelState, visit: Visit): Promise<Json[]> {
  const { runtime, frame } = visit;
  const fork = new Fork(frame);
  const all = visit.takeEarlierFork() ?? (await begin(state, visit, fork));
  frame.progress.fork = all;
  const outputs = await fork.join(
    state.Branches.map((branch, i) => {
      const own = (all.branches[i] ??= fork.begin(all.startedId));
      const inner = fork.branch(own);
      return fork.run(inner, async () => {
        const output = await runtime.runBranch(branch, all.input, inner);
        // A branch that a redrive found at its end is no later than the others.
        frame.chain.last = Math.max(frame.chain.last, inner.chain.last);
        return output;
      });
    }),
  );
  frame.chain.closeBranches();
  frame.chain.addAside('ParallelStateSucceeded');
  return outputs;
}
