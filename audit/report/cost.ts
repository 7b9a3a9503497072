import type { RunRecord } from '../run-record.ts';
import { consumed } from './consumed.ts';
import { paragraphs, type Section } from './page-parts.ts';
import { counted, grouped } from './words.ts';
import { table } from './table.ts';

/**
 * What was consumed, in the units that AWS bills by.
 *
 * No sum of money: prices differ by region and contract and change, and none is documented here.
 */
export function costSection(record: RunRecord): Section {
  const { quantities, unended } = consumed(record);
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
        rows: quantities.map(({ what, amount, by }) => [what, grouped(amount), by]),
      }),
      paragraphs(
        'Not in it, because the record does not count them: requests to S3, SQS and DynamoDB, volumes, logs, and what a deployment costs with no batch at all (endpoints, keys, storage).',
      ),
    ],
  };
}
