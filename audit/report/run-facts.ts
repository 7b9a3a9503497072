import type { RunRecord } from '../run-record.ts';

/** Whether what existed for an execution is known to be gone. */
export type Evaporation = 'proven' | 'not proven' | 'nothing made' | 'still running';

/** Whether, by the record, all that existed for the execution is gone. */
export function evaporation(record: RunRecord): Evaporation {
  const { execution, runs, proofs, states, access } = record;
  const proof = proofs.at(-1);
  const isMade =
    states.some(({ state, tries }) => state === 'Open Batch' && tries.length > 0) ||
    (access?.existed.length ?? 0) > 0;
  if (execution.status === 'RUNNING') return 'still running';
  if (!isMade) return 'nothing made';
  const begun = Date.parse(runs.at(-1)?.started ?? execution.started);
  if (proof === undefined || Date.parse(proof.checkedAt) < begun) return 'not proven';
  const { instances, volumes, interfaces, snapshots, grants, queues, checkedAt } = proof;
  const isLater = access?.existed.some(
    ({ made }) => made !== undefined && Date.parse(made.at) > Date.parse(checkedAt),
  );
  const found = instances + volumes + interfaces + snapshots + grants + queues;
  return found === 0 && isLater !== true ? 'proven' : 'not proven';
}

/** A machine that was tried for a worker, and when it is known to have existed. */
export interface Machine {
  readonly instanceId: string;
  readonly startedMs: number;
  /** Absent where nothing tells its end. */
  readonly endedMs: number | undefined;
}

/** The machines of an execution: by the access log, else by the history. */
export function machinesOf({ access, workers, execution, runs }: RunRecord): Machine[] {
  const ms = (time: string | undefined) => (time === undefined ? undefined : Date.parse(time));
  if (access !== undefined) {
    return access.existed
      .filter(({ kind }) => kind === 'instance')
      .map(({ id, made, ended }) => ({
        instanceId: id,
        startedMs: ms(made?.at) ?? Date.parse(execution.started),
        endedMs: ms(ended?.at),
      }));
  }
  // Without the log a machine that was not replaced is taken to live until its run's end.
  return workers.flatMap(({ attempts, redrive }) =>
    attempts.flatMap(({ instanceId, started, ended, outcome }) =>
      instanceId === undefined
        ? []
        : {
            instanceId,
            startedMs: Date.parse(started),
            endedMs: ms(outcome === 'caught' ? ended : runs[redrive]?.ended),
          },
    ),
  );
}

/** How long at least one machine existed, in ms. */
export function coveredMs(machines: readonly Machine[]): number {
  let [covered, until] = [0, -Infinity];
  for (const { startedMs, endedMs } of machines.toSorted((a, b) => a.startedMs - b.startedMs)) {
    if (endedMs === undefined) continue;
    covered += Math.max(0, endedMs - Math.max(startedMs, until));
    until = Math.max(until, endedMs);
  }
  return covered;
}

/** Sums numbers, of which some may not be known. */
export const sum = (numbers: readonly (number | undefined)[]): number =>
  numbers.reduce<number>((total, each) => total + (each ?? 0), 0);
