import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { countCanariesBelow } from '../../../local/demo/search-canaries.ts';
import type { Fault, FaultKind } from './fault.ts';
import { cellKey, readDocumented } from './failure-model.ts';
import { violations } from './invariants.ts';
import { canary, outcomeOf, Prover } from './prover.ts';
import { readTaskStates, type TaskState } from './task-states.ts';

/** One cell of the matrix: a fault at a Task state, and what came of it. */
export interface Cell {
  readonly state: string;
  readonly fault: string;
  readonly kind: FaultKind;
  /** The execution's status, and its error where it has one. */
  readonly outcome: string;
  /** States entered. */
  readonly states: number;
  /** From start to end, as AWS's clocks would have it. */
  readonly seconds: number;
  /** Hourly sweeps until nothing was left. */
  readonly sweeps: number;
  readonly violations: readonly string[];
}

declare module 'vitest' {
  interface TaskMeta {
    cell?: Cell;
  }
}

/**
 * Declares a test for every Task state of the lifecycle and every fault of a family: a whole batch
 * that meets the fault, after which nothing may be left and everything told must be true.
 */
export function prove(faultsOf: (task: TaskState) => readonly Fault[]): void {
  const assembly = inject('assembly');
  const documented = readDocumented();
  let prover: Prover;

  beforeAll(async () => {
    prover = await Prover.start(assembly);
  });
  afterAll(() => prover.stop());

  for (const task of readTaskStates(assembly)) {
    const faults = faultsOf(task);
    if (faults.length === 0) continue;
    describe(task.name, () => {
      it.for(faults)('$name', async (fault, { task: { meta } }) => {
        const trial = { task, fault };

        const end = await prover.try(trial);

        const cell: Cell = {
          state: task.name,
          fault: fault.name,
          kind: fault.kind,
          outcome: outcomeOf(end),
          states: end.states.length,
          seconds: Math.round(end.seconds),
          sweeps: end.sweeps,
          violations: await violations(prover.study, trial, end),
        };
        meta.cell = cell;
        // A fault that did not happen proves nothing.
        expect(end.invocations, 'invocations').toBeGreaterThan(0);
        expect(cell.violations).toEqual([]);
        if (process.env.CZAR_WRITE_FAILURE_MODEL !== undefined) return;
        const { outcome, states } = cell;
        // How far a machine had come when something happened to it is not the same each time.
        const expected = fault.isSlow === true ? { outcome } : { outcome, states };
        expect(documented.get(cellKey(cell)), 'docs/failure-model.md').toMatchObject(expected);
        // Elsewhere a function may still be at work when the sweep comes by.
        if (task.waitsForToken) expect(cell.sweeps, 'hourly sweeps').toBe(0);
      });
    });
  }

  it('keeps what the objects say out of all that is not encrypted', async () => {
    await prover.study.cloud.flush();

    const { files, found } = await countCanariesBelow(prover.study.directory, [canary]);

    expect(files).toBeGreaterThan(100);
    expect(found).toBe(0);
  });
}
