import { describe, expect, it } from 'vitest';
import { parseSchedule } from '../../../../local/services/events/schedule.ts';
import { partly } from '../lambda/matchers.ts';

const created = new Date('2026-01-01T00:00:30.000Z');

/** The first `count` times after `from`. */
function times(expression: string, count: number, from = created): string[] {
  const schedule = parseSchedule(expression, created);
  const found: string[] = [];
  for (let at = schedule.next(from); at && found.length < count; at = schedule.next(at))
    found.push(at.toISOString().replace(':00.000Z', ''));
  return found;
}

describe('a schedule', () => {
  it.each([
    ['rate(1 hour)', ['2026-01-01T01:00:30.000Z', '2026-01-01T02:00:30.000Z']],
    ['rate(5 minutes)', ['2026-01-01T00:05:30.000Z', '2026-01-01T00:10:30.000Z']],
    ['rate(2 days)', ['2026-01-03T00:00:30.000Z', '2026-01-05T00:00:30.000Z']],
    ['cron(0 10 * * ? *)', ['2026-01-01T10:00', '2026-01-02T10:00']],
    ['cron(0/20 23 * * ? *)', ['2026-01-01T23:00', '2026-01-01T23:20']],
    ['cron(15 12 ? * MON-FRI *)', ['2026-01-01T12:15', '2026-01-02T12:15']],
    ['cron(0 8 ? * 1 *)', ['2026-01-04T08:00', '2026-01-11T08:00']],
    ['cron(0 8 1 JAN,jul ? *)', ['2026-01-01T08:00', '2026-07-01T08:00']],
    ['cron(0 0 29 2 ? *)', ['2028-02-29T00:00', '2032-02-29T00:00']],
    ['cron(5,3 0 1 1 ? 2027)', ['2027-01-01T00:03', '2027-01-01T00:05']],
  ])('%s comes at %j', (expression, expected) => {
    expect(times(expression, 2)).toEqual(expected);
  });

  it('ends with its last year', () => {
    expect(times('cron(0 0 1 1 ? 2027)', 5)).toEqual(['2027-01-01T00:00']);
  });

  it('is strictly after the moment asked about', () => {
    const at = new Date('2026-01-01T10:00:00.000Z');

    expect(times('cron(0 10 * * ? *)', 1, at)).toEqual(['2026-01-02T10:00']);
  });

  it.each([
    'rate(0 minutes)',
    'rate(1 hours)',
    'rate(2 hour)',
    'rate(1 week)',
    'cron(0 10 * * * *)',
    'cron(0 10 ? * ? *)',
    'cron(0 10 * * ?)',
    'cron(60 10 * * ? *)',
    'cron(0 10 L * ? *)',
    'cron(0 10 ? * 6#3 *)',
    'cron(0 10 1W * ? *)',
    'at(2026-01-01T00:00:00)',
    'every hour',
  ])('%s is refused', (expression) => {
    expect(() => parseSchedule(expression, created)).toThrow(partly({ name: 'ScheduleError' }));
  });
});
