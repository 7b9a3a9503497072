import { describe, expect, it } from 'vitest';
import { checkControls } from '../../../audit/report/control-checks.ts';
import { coveredMs, evaporation, machinesOf } from '../../../audit/report/run-facts.ts';
import { securityRule } from '../../../audit/report/security-rule.ts';
import { ticks } from '../../../audit/report/ticks.ts';
import { counted, grouped, listed, tally } from '../../../audit/report/words.ts';
import type { RunRecord } from '../../../audit/run-record.ts';
import { readScene } from '../scenes/read-scene.ts';

const { record: success } = await readScene('success');
const { record: failed } = await readScene('failed');
const { record: aborted } = await readScene('aborted');
const { record: refused } = await readScene('refused');
const { record: redriven } = await readScene('redriven');
const { record: forty } = await readScene('forty');
const proof = success.proofs[0]!;
const access = success.access!;

describe('evaporation', () => {
  it.each([
    ['success', success, 'proven'],
    ['failed', failed, 'proven'],
    ['redriven', redriven, 'proven'],
    ['forty', forty, 'proven'],
    ['aborted', aborted, 'not proven'],
    ['refused', refused, 'nothing made'],
  ] as const)('of the run "%s" is as it was', (_, record, verdict) => {
    expect(evaporation(record)).toBe(verdict);
  });

  it.each<[string, Partial<RunRecord>]>([
    ['there is no proof', { proofs: [] }],
    ['the proof found something', { proofs: [{ ...proof, volumes: 1 }] }],
    [
      'the proof is of a run before the last',
      {
        runs: [
          ...success.runs,
          { redrive: 1, started: '2026-11-24T00:00:00Z', status: 'ABORTED' as const },
        ],
      },
    ],
    [
      'something was made after the search',
      {
        access: {
          ...access,
          existed: [
            ...access.existed,
            {
              kind: 'instance',
              id: 'i-0123456789abcdef0',
              made: { ...access.existed[0]!.made!, at: '2026-11-24T00:00:00Z' },
            },
          ],
        },
      },
    ],
  ])('is not proven where %s', (_, change) => {
    expect(evaporation({ ...success, ...change })).toBe('not proven');
  });
});

describe('the machines of a run', () => {
  it('are those of the access log, and without one those of the history', () => {
    const ids = (record: RunRecord) => machinesOf(record).map((each) => each.instanceId);

    expect(ids(forty)).toHaveLength(45);
    expect(ids({ ...forty, access: undefined }).toSorted()).toEqual(ids(forty).toSorted());
    expect(machinesOf(failed).every(({ endedMs }) => endedMs !== undefined)).toBe(true);
  });

  it('cover a time once, however many there are', () => {
    const machine = (startedMs: number, endedMs?: number) => ({
      instanceId: 'i',
      startedMs,
      endedMs,
    });

    expect(coveredMs([machine(5, 9), machine(0, 4), machine(1, 2), machine(8, 12)])).toBe(11);
    expect(coveredMs([machine(0, undefined)])).toBe(0);
  });
});

describe('the controls', () => {
  const found = (record: RunRecord) =>
    Object.fromEntries(checkControls(record).map(({ cite, finding }) => [cite, finding]));

  it('are all shown by a success, but that a failure was told', () => {
    expect(found(success)).toEqual({
      ...Object.fromEntries(Object.keys(securityRule).map((cite) => [cite, 'shown'])),
      '164.308(a)(6)(ii)': 'not shown',
    });
  });

  it('show by a failure that it was told by mail', () => {
    expect(found(failed)['164.308(a)(6)(ii)']).toBe('shown');
    expect(found({ ...failed, mails: [] })['164.308(a)(6)(ii)']).toBe('contradicted');
  });

  it('are not shown by a record without an access log', () => {
    expect(found({ ...success, access: undefined })).toMatchObject({
      '164.312(b)': 'not shown',
      '164.312(a)(2)(i)': 'not shown',
      '164.312(a)(1)': 'not shown',
      '164.312(a)(2)(iv)': 'not shown',
      '164.308(a)(1)(ii)(D)': 'not shown',
    });
  });

  const act = access.grants[0]!.made;
  const lane = success.workers[0]!;

  it.each<[string, Partial<RunRecord>]>([
    ['164.312(a)(2)(i)', { runs: [{ ...success.runs[0]!, startedBy: act }] }],
    ['164.312(a)(1)', { access: { ...access, grants: [] } }],
    [
      '164.312(a)(2)(iv)',
      { access: { ...access, grants: access.grants.map(({ ended: _, ...grant }) => grant) } },
    ],
    ['164.312(c)(1)', { objects: success.objects.map(({ result: _, ...object }) => object) }],
    [
      '164.310(d)(2)(iii)',
      { objects: success.objects.map(({ claimedBy: _, ...object }) => object) },
    ],
    ['164.310(d)(2)(ii)', { workers: [lane, { ...lane, workerIndex: 1 }] }],
    ['164.308(a)(1)(ii)(D)', { access: { ...access, denied: [{ ...act, call: 'kms:Decrypt' }] } }],
  ])('contradict %s where the record does', (cite, change) => {
    expect(found({ ...success, ...change })[cite]).toBe('contradicted');
  });

  it('show disposal only where absence is proven', () => {
    expect(found(aborted)['164.310(d)(2)(i)']).toBe('not shown');
  });
});

describe('the words', () => {
  it('are the same everywhere', () => {
    expect(grouped(1234567)).toBe('1\u00a0234\u00a0567');
    expect(counted(1, 'grant')).toBe('1 grant');
    expect(counted(0, 'grant')).toBe('0 grants');
    expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
    expect(tally(['b', 'a', 'a'])).toBe('a ×2 and b');
  });

  it.each([0, 80, 5_900, 61_000, 3_600_000, 86_400_000, 40 * 86_400_000])(
    'marks an axis of %d ms at nine places at most',
    (length) => {
      const marks = ticks(length);

      expect(marks[0]).toBe(0);
      expect(marks.length).toBeLessThanOrEqual(9);
      expect(marks.at(-1)).toBeLessThanOrEqual(length);
    },
  );
});
