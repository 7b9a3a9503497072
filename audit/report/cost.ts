import type { RunRecord } from '../run-record.ts';
import type { Content } from './html.ts';
import { paragraphs, type Section } from './page-parts.ts';
import { coveredMs, machinesOf, sum } from './run-facts.ts';
import { counted, grouped } from './words.ts';
import { table } from './table.ts';

/**
 * What was consumed, in the units that AWS bills by.
 *
 * No sum of money: prices differ by region and contract and change, and none is documented here.
 */
export function costSection(record: RunRecord): Section {
  const { access, request, states, objects, batch, mails } = record;
  const machines = machinesOf(record);
  const known = machines.filter(({ endedMs }) => endedMs !== undefined);
  const seconds =
    sum(known.map(({ startedMs, endedMs = startedMs }) => endedMs - startedMs)) / 1000;
  const { instanceType = 'unknown', tenancy = 'unknown' } = request.plan ?? {};
  const source = access === undefined ? 'history, as an approximation' : 'access log';
  const unended = machines.length - known.length;
  const tries = sum(states.map((state) => state.tries.length));
  const results = [...objects.map(({ result }) => result), batch?.result];
  const rows: (readonly Content[])[] = [
    [`Instance-seconds, ${instanceType}, ${tenancy} tenancy`, grouped(Math.round(seconds)), source],
    [
      'Seconds in which at least one machine existed',
      grouped(Math.round(coveredMs(known) / 1000)),
      source,
    ],
    [
      'State transitions, retries included',
      grouped(states.length + sum(states.map(({ retries }) => retries))),
      'history',
    ],
    ['Tasks started', grouped(tries), 'history'],
    ['Bytes of input, encrypted', grouped(sum(objects.map(({ bytes }) => bytes))), 'ledger'],
    ['Bytes of results, encrypted', grouped(sum(results.map((each) => each?.bytes))), 'ledger'],
    ['Mails', grouped(mails.length), 'ledger'],
  ];
  if (access !== undefined) {
    const uses = access.keyUses.map(({ times, denied }) => times + denied);
    rows.splice(4, 0, ['Requests to the data key', grouped(sum(uses)), 'access log']);
  }
  return {
    id: 'cost',
    title: 'Cost',
    body: [
      paragraphs(
        'An estimate by quantity, not a bill. It states no money: prices differ by region and contract, and no documented price list comes with this program. Multiply by your own. With dedicated tenancy AWS adds a fee for each hour in which a dedicated machine runs.',
        unended === 0
          ? undefined
          : `Of ${counted(unended, 'machine')} no end is known: these are not in the seconds.`,
      ),
      table({
        caption: 'What was consumed',
        columns: [{ title: 'What' }, { title: 'Amount', kind: 'number' }, { title: 'By' }],
        rows,
      }),
      paragraphs(
        'Not in it, because the record does not count them: requests to S3, SQS and DynamoDB, volumes, logs, and what a deployment costs with no batch at all (endpoints, keys, storage).',
      ),
    ],
  };
}
