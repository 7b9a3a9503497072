import { expect, it } from 'vitest';
import {
  type AccessQuestion,
  type AccessSubject,
  askAccess,
} from '../../../audit/questions/ask-access.ts';
import { batchId, executionArn, objectId } from '../../ledger/codes.ts';
import { log, opens } from './records.ts';

async function ask(about: AccessSubject, times: Pick<AccessQuestion, 'from' | 'to'> = {}) {
  const answer = askAccess({ study: 'czarhipaa', about, ...times }, opens(log));
  const told: string[] = [];
  for (;;) {
    const next = await answer.next();
    if (next.done) return { told, counts: next.value };
    const { call, by, outcome } = next.value;
    told.push(`${call} by ${by.kind} ${outcome}`);
  }
}

it('tells who called what on one object, and nothing of another', async () => {
  expect(await ask({ object: objectId(1) })).toEqual({
    told: ['s3:PutObject by person allowed', 's3:GetObject by person denied'],
    counts: { records: log.length, calls: 2, allowed: 1, denied: 1, failed: 0 },
  });
});

it.each(['operator', 'czarhipaa-operator', 'sam'])(
  'knows a principal as its role, with and without the study, and as its session: %s',
  async (principal) => {
    const { counts } = await ask({ principal });

    expect(counts).toMatchObject({ calls: 5, allowed: 1, denied: 3, failed: 1 });
  },
);

it('tells of a batch also what its machines did, and what ended its grants', async () => {
  const { told } = await ask({ run: batchId(1) });

  expect(told).toContain('kms:RevokeGrant by function allowed');
  expect(told).toContain('sqs:ReceiveMessage by worker allowed');
  expect(told).not.toContain('kms:PutKeyPolicy by person denied');
  expect(told).toHaveLength(10);
});

it('leaves out of an execution what names the batch only', async () => {
  const { told } = await ask({ run: executionArn(1) });

  expect(told.toSorted()).toEqual([
    'ec2:RunInstances by function allowed',
    'kms:CreateGrant by function allowed',
    'kms:Decrypt by worker allowed',
    'kms:Decrypt by worker allowed',
    'kms:RevokeGrant by function allowed',
    'sqs:ReceiveMessage by worker allowed',
    'states:DescribeExecution by person allowed',
  ]);
});

it('keeps to the times asked for, both ends among them', async () => {
  const from = new Date('2026-03-02T08:06:00Z');
  const to = new Date('2026-03-02T08:08:00Z');

  const { told } = await ask({ run: batchId(1) }, { from, to });

  expect(told).toHaveLength(4);
});

it('tells a call before it has read on: nothing of the log is kept', async () => {
  let read = 0;
  const counting = async function* () {
    for await (const one of opens(log)()) {
      read += 1;
      yield one;
    }
  };
  const answer = askAccess({ study: 'czarhipaa', about: { object: objectId(1) } }, counting);

  await answer.next();

  expect(read).toBe(3);
});

it('refuses to answer from a log without a record', async () => {
  const answer = askAccess({ study: 'czarhipaa', about: { principal: 'sam' } }, opens([]));

  await expect(answer.next()).rejects.toThrow('the access log has no record');
});

it('repeats no key that a person typed', async () => {
  const answer = askAccess({ study: 'czarhipaa', about: { principal: 'sam' } }, opens(log));

  expect(JSON.stringify(await Array.fromAsync(answer))).not.toMatch(/jane/i);
});
