import type { Assignment } from '../../ingest/model/sensor-items.ts';
import type { Table } from '../table.ts';
import { change, type Change, readSnapshot } from './assignment-changes.ts';

/** An assignment that cannot be: the message says why, and names no subject. */
export class AssignmentRefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AssignmentRefusedError';
  }
}

/**
 * Reads a device's assignments by their beginnings; no two overlap.
 *
 * One that ends as it begins was taken back: no moment is in it.
 */
export async function listAssignments(table: Table, device: string): Promise<Assignment[]> {
  return (await readSnapshot(table, device)).assignments;
}

/** What came of an assignment. */
export interface Assigned {
  readonly assignment: Assignment;
  /** The one that went on until then, if there was one. */
  readonly ended: Assignment | undefined;
}

/**
 * Gives a device to a subject from a moment on; whoever had it has it no more from that moment.
 *
 * A device that is the subject's already stays as it is, so that a repeated call changes nothing.
 *
 * @throws AssignmentRefusedError where the time is another assignment's already.
 */
export function assign(
  table: Table,
  { device, subject, from }: { device: string; subject: string; from: Date },
): Promise<Assigned> {
  const begin = { from: from.toISOString(), subject };
  return decide(table, device, (assignments) => {
    const ongoing = assignments.find(({ to }) => to === undefined);
    if (ongoing?.subject === subject && ongoing.from <= begin.from) {
      return { answer: { assignment: ongoing, ended: undefined } };
    }
    const end =
      ongoing !== undefined && ongoing.from < begin.from
        ? { from: ongoing.from, to: begin.from }
        : undefined;
    const later = assignments.find(
      (other) => !(other === ongoing && end !== undefined) && endsAfter(other, begin.from),
    );
    if (later !== undefined) {
      const until = later.to === undefined ? 'goes on' : `ends at ${later.to}`;
      throw new AssignmentRefusedError(
        `the device is assigned at that time already: from ${later.from}, which ${until}`,
      );
    }
    return {
      next: { ...(end !== undefined && { end }), begin },
      answer: {
        assignment: { device, ...begin },
        ended: end && ongoing && { ...ongoing, to: end.to },
      },
    };
  });
}

/**
 * Ends a device's assignment at a moment; at its beginning, it is taken back. A repeated call
 * changes nothing.
 *
 * @throws AssignmentRefusedError where none goes on, or it begins later.
 */
export function unassign(
  table: Table,
  { device, at }: { device: string; at: Date },
): Promise<Assignment> {
  const to = at.toISOString();
  return decide(table, device, (assignments) => {
    const ongoing = assignments.find((assignment) => assignment.to === undefined);
    if (ongoing === undefined) {
      const ended = assignments.find((assignment) => assignment.to === to);
      if (ended !== undefined) return { answer: ended };
      throw new AssignmentRefusedError('the device is assigned to nobody');
    }
    if (to < ongoing.from) {
      throw new AssignmentRefusedError(`the assignment begins later: at ${ongoing.from}`);
    }
    return { next: { end: { from: ongoing.from, to } }, answer: { ...ongoing, to } };
  });
}

/** An assignment without an end lasts for ever; one that was taken back has no moment in it. */
function endsAfter({ from, to }: Assignment, moment: string): boolean {
  return to === undefined || (to > from && to > moment);
}

/** Decides by what is assigned, and again where somebody else changed it in between. */
async function decide<Answer>(
  table: Table,
  device: string,
  by: (assignments: readonly Assignment[]) => { next?: Change; answer: Answer },
): Promise<Answer> {
  for (;;) {
    const { version, assignments } = await readSnapshot(table, device);
    const { next, answer } = by(assignments);
    if (next === undefined || (await change(table, device, version, next))) return answer;
  }
}
