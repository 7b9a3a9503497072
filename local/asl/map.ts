import { StateFailedError } from './failure.ts';
import { Fork } from './fork.ts';
import type { Json } from './json.ts';
import type { MapState } from './model.ts';
import type { BranchProgress, ForkProgress } from './progress.ts';
import { withRecovery } from './recovery.ts';
import type { Conclusion, Visit } from './visit.ts';

/** AWS runs at most this many iterations of an inline Map at once, whatever MaxConcurrency says. */
const MAX_CONCURRENCY = 40;

/** Map (inline): runs its processor once per item; its result is the list of outputs in the order of the items. */
export function runMap(state: MapState, visit: Visit): Promise<Conclusion> {
  return withRecovery(
    state,
    visit,
    async () => {
      const result = await iterate(state, visit);
      return visit.conclude(state, result, { extras: { result } });
    },
    () => visit.frame.chain.add('MapStateFailed'),
  );
}

async function iterate(state: MapState, visit: Visit): Promise<Json[]> {
  const { frame } = visit;
  const fork = new Fork(frame);
  const earlier = visit.takeEarlierFork();
  const items = earlier ? itemsIn(earlier) : await itemsOf(state, visit);
  const limit = await visit.evaluateCount(state.MaxConcurrency ?? 0, 'MaxConcurrency', 0);
  const tolerance = await toleranceOf(state, visit);
  const all = earlier ?? begin(items, visit);
  frame.progress.fork = all;

  const outputs: Json[] = [];
  const pending = items.entries();

  /** One of the places that MaxConcurrency allows: runs iteration after iteration. */
  async function runPlace(): Promise<void> {
    let from = all.startedId;
    for (const [index, item] of pending) {
      const own = (all.branches[index] ??= fork.begin(from));
      if (own.isDone && own.progress.ended) {
        outputs[index] = own.progress.ended.output;
        continue;
      }
      const iteration = { name: visit.name, index };
      const inner = fork.branch(own, { iteration, item: { Index: index, Value: item } });
      await fork.run(inner, async () => {
        outputs[index] = await runIteration(state, visit.inside(inner), item, own, tolerance);
        // The next iteration of this place points past MapIterationSucceeded, the Map's own events at it.
        from = inner.chain.last;
        frame.chain.last = inner.chain.add('MapIterationSucceeded', iteration).id;
        own.isDone = true;
      });
      inner.chain.close();
    }
  }

  const places = Math.min(limit === 0 ? MAX_CONCURRENCY : limit, MAX_CONCURRENCY, items.length);
  await fork.join(Array.from({ length: places }, () => runPlace()));
  frame.chain.closeBranches();
  frame.chain.addAside('MapStateSucceeded');
  return outputs;
}

function begin(items: Json[], { frame }: Visit): ForkProgress {
  const { id: startedId } = frame.chain.add('MapStateStarted', { length: items.length });
  return { input: items, startedId, branches: [] };
}

async function runIteration(
  state: MapState,
  visit: Visit,
  item: Json,
  own: BranchProgress,
  tolerance?: string,
): Promise<Json> {
  const { frame, runtime, name } = visit;
  if (!own.hasBegun) {
    own.startedId = frame.chain.add('MapIterationStarted', {
      name,
      index: frame.mapItem?.Index,
    }).id;
    own.hasBegun = true;
  }
  try {
    const input =
      state.ItemSelector === undefined
        ? item
        : await visit.evaluate(state.ItemSelector, 'ItemSelector');
    return await runtime.runBranch(state.ItemProcessor, input, frame);
  } catch (error) {
    if (tolerance === undefined || !(error instanceof StateFailedError)) throw error;
    throw visit.fatal(`An iteration failed, and ${tolerance} is supported only while none does.`);
  }
}

function itemsIn({ input }: ForkProgress): Json[] {
  return Array.isArray(input) ? input : [];
}

async function itemsOf(state: MapState, visit: Visit): Promise<Json[]> {
  if (state.Items !== undefined) return visit.evaluateTo('array', state.Items, 'Items');
  return visit.evaluateTo('array', '{% $states.input %}', 'Items');
}

/**
 * The field that tolerates failed iterations, if one does.
 *
 * AWS accepts both fields on an inline Map, though a tolerance belongs to the Map Run of a distributed one.
 */
async function toleranceOf(state: MapState, visit: Visit): Promise<string | undefined> {
  const { ToleratedFailureCount: count, ToleratedFailurePercentage: percentage } = state;
  if (count !== undefined && (await visit.evaluateCount(count, 'ToleratedFailureCount', 0)) > 0) {
    return 'ToleratedFailureCount';
  }
  if (percentage === undefined) return undefined;
  const value = await visit.evaluateTo('number', percentage, 'ToleratedFailurePercentage');
  if (value < 0 || value > 100) {
    throw visit.refuse(percentage, 'ToleratedFailurePercentage', 'percentage', value);
  }
  return value > 0 ? 'ToleratedFailurePercentage' : undefined;
}
