import { expect, it } from 'vitest';
import { KeyLife } from '../../../audit/questions/key-life.ts';
import { batchId } from '../../ledger/codes.ts';
import { grantId, key, keyArn, log, machine, record } from './records.ts';

function lifeOf(records = log, batch?: string): KeyLife {
  const life = new KeyLife({ study: 'czarhipaa', keyArn, batchId: batch });
  for (const one of records) life.take(one);
  return life;
}

it('tells grants with their ends, in whichever order the log has them', () => {
  for (const records of [log, log.toReversed()]) {
    const life = lifeOf(records);

    expect(life.grants).toMatchObject([{ grantId, grantee: machine, batch: batchId(1) }]);
    expect(life.endOf(grantId)).toMatchObject({ call: 'RevokeGrant', at: '2026-03-02T08:08:00Z' });
  }
});

it('counts uses by session and encryption context, and denied ones apart', () => {
  const context = { study: 'czarhipaa', batch: batchId(1), kind: 'input' };

  expect(lifeOf().uses).toMatchObject([
    { by: { session: 'sam' }, operation: 'Decrypt', context, times: 0, denied: 1 },
    {
      by: { session: machine },
      context,
      times: 2,
      first: '2026-03-02T08:06:00Z',
      last: '2026-03-02T08:07:00Z',
    },
  ]);
});

it('tells denied calls that are no use, and leaves other keys out', () => {
  const life = lifeOf();

  expect(life.denied).toMatchObject([{ call: 'PutKeyPolicy', by: { session: 'sam' } }]);
  expect(life).toMatchObject({ records: log.length, ofKey: 6 });
});

it('leaves other batches out where one is asked for', () => {
  expect(lifeOf(log, batchId(2))).toMatchObject({ grants: [], uses: [] });
});

it('repeats no encryption context that a person typed', () => {
  const encryptionContext = { study: 'Jane', batch: 'Jane-Doe', kind: 'Jane Doe' };
  const life = lifeOf([record('kms:Decrypt', 'operator', { encryptionContext }, key)]);

  expect(life.uses[0]?.context).toEqual({ study: 'other', batch: 'other', kind: 'other' });
});
