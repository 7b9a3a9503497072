import { answerOf, answers } from './answers.ts';
import type { Iteration, Visit } from './history/visit.ts';
import type { Outcome, WorkerAttempt, WorkerLane } from './run-record.ts';

/** The state in which all of the time is a wait: for the instance to take commands. */
const waiting = 'Await Worker';
/** The states that are a machine's; the others of an iteration decide what comes next. */
const isStep = ({ type }: Visit): boolean => type === 'Task';
const givenUp = 'Give Up Worker';

/** Takes the Map's iterations apart into lanes: per worker the machines that were tried, and their steps. */
export function workerLanes(
  visits: readonly Visit[],
  iterations: readonly Iteration[],
): WorkerLane[] {
  const byLane = Map.groupBy(
    visits.filter(({ worker }) => worker !== undefined),
    ({ worker, redrive }) => `${redrive} ${worker?.index ?? 0}`,
  );
  return iterations
    .map((iteration) =>
      lane(iteration, byLane.get(`${iteration.redrive} ${iteration.worker}`) ?? []),
    )
    .toSorted((a, b) => a.redrive - b.redrive || a.workerIndex - b.workerIndex);
}

function lane(iteration: Iteration, visits: readonly Visit[]): WorkerLane {
  const attempts = Map.groupBy(visits.filter(isStep), ({ worker }) => worker?.attempt ?? 1);
  const isGivenUp = visits.some(({ state }) => state === givenUp);
  return {
    redrive: iteration.redrive,
    workerIndex: iteration.worker,
    started: iteration.started.toISOString(),
    ...(iteration.ended && { ended: iteration.ended.toISOString() }),
    outcome: isGivenUp ? 'gave up' : iteration.outcome,
    attempts: [...attempts].map(([number, steps]) => attempt(number, steps)),
  };
}

function attempt(number: number, visits: readonly Visit[]): WorkerAttempt {
  const [first] = visits;
  const last = visits.at(-1);
  const launched = visits.map((visit) => answerOf(visit, answers.launched)?.instanceId);
  const failure = visits.find(({ outcome }) => outcome === 'caught' || outcome === 'failed');
  const outcome: Outcome = failure?.outcome ?? last?.outcome ?? 'running';
  return {
    attempt: number,
    instanceId: launched.find((id) => id !== undefined),
    started: (first?.entered ?? new Date(0)).toISOString(),
    ...(last?.ended && { ended: last.ended.toISOString() }),
    outcome,
    ...(failure?.error !== undefined && { error: failure.error }),
    steps: visits.map(step),
  };
}

function step(visit: Visit): WorkerAttempt['steps'][number] {
  const { id, state, entered, ended, outcome, error } = visit;
  const wholeMs = (ended ?? entered).getTime() - entered.getTime();
  const workMs = state === waiting ? 0 : Math.min(wholeMs, workOf(visit));
  return {
    visit: id,
    state,
    started: entered.toISOString(),
    ...(ended && { ended: ended.toISOString() }),
    waitMs: wholeMs - workMs,
    workMs,
    outcome,
    ...(error !== undefined && { error }),
  };
}

function workOf({ tries }: Visit): number {
  return tries.reduce(
    (sum, { started, ended }) =>
      started === undefined || ended === undefined
        ? sum
        : sum + (ended.getTime() - started.getTime()),
    0,
  );
}
