import type { RunRecord } from '../run-record.ts';
import { coveredMs, machinesOf, sum } from './run-facts.ts';

/** An amount that a run consumed, in a unit that AWS bills by. */
export interface Quantity {
  readonly what: string;
  readonly amount: number;
  /** What in the record says so. */
  readonly by: 'access log' | 'history' | 'history, as an approximation' | 'ledger';
}

/** What a run consumed. */
export interface Consumed {
  readonly quantities: readonly Quantity[];
  /** Machines of which no end is known: they are not in the seconds. */
  readonly unended: number;
}

/** Counts what a run consumed: quantities and no sum of money, because prices are not in a record. */
export function consumed(record: RunRecord): Consumed {
  const { access, request, states, objects, batch, mails } = record;
  const machines = machinesOf(record);
  const known = machines.filter(({ endedMs }) => endedMs !== undefined);
  const ms = sum(known.map(({ startedMs, endedMs = startedMs }) => endedMs - startedMs));
  const { instanceType = 'unknown', tenancy = 'unknown' } = request.plan ?? {};
  const by = access === undefined ? 'history, as an approximation' : 'access log';
  const results = [...objects.map(({ result }) => result), batch?.result];
  const uses = access?.keyUses.map(({ times, denied }) => times + denied);
  return {
    quantities: [
      {
        what: `Instance-seconds, ${instanceType}, ${tenancy} tenancy`,
        amount: Math.round(ms / 1000),
        by,
      },
      {
        what: 'Seconds in which at least one machine existed',
        amount: Math.round(coveredMs(known) / 1000),
        by,
      },
      {
        what: 'State transitions, retries included',
        amount: states.length + sum(states.map(({ retries }) => retries)),
        by: 'history',
      },
      {
        what: 'Tasks started',
        amount: sum(states.map((state) => state.tries.length)),
        by: 'history',
      },
      ...(uses === undefined
        ? []
        : [{ what: 'Requests to the data key', amount: sum(uses), by: 'access log' as const }]),
      {
        what: 'Bytes of input, encrypted',
        amount: sum(objects.map(({ bytes }) => bytes)),
        by: 'ledger',
      },
      {
        what: 'Bytes of results, encrypted',
        amount: sum(results.map((each) => each?.bytes)),
        by: 'ledger',
      },
      { what: 'Mails', amount: mails.length, by: 'ledger' },
    ],
    unended: machines.length - known.length,
  };
}
