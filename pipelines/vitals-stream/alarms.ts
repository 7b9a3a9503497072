import { literal } from '../engine.ts';
import { gapRule, valueRules, type ValueRule } from './alarm-rules.ts';

/**
 * The SQL of all alarms: `subject`, `alarm`, `source`, first and last minute, and `worst`, the
 * lowest or highest of the minutes' means in units of 10^-9, or nothing.
 *
 * A minute without a value ends a run. Bounds are compared with exact fractions.
 */
export const alarmsSql = `
  SELECT * FROM (${[...valueRules.map(runsOf), gaps()].join(' UNION ALL ')})
  ORDER BY subject, first_minute, alarm, source`;

/** Minutes in a row have the same difference between the minute and its rank. */
function runsOf({ alarm, codes, unit, is, bound, minutes }: ValueRule): string {
  const compared = `${is === 'below' ? '<' : '>'} ${BigInt(bound) * 10n ** 9n}`;
  const worst = is === 'below' ? 'min' : 'max';
  return `
    SELECT subject, ${literal(alarm)} AS alarm, code AS source,
      min(minute) AS first_minute, max(minute) AS last_minute, ${worst}(value) AS worst
    FROM (
      SELECT subject, code, minute, value,
        minute - row_number() OVER (PARTITION BY subject, code ORDER BY minute) AS run
      FROM signals
      WHERE code IN (${codes.map(literal).join(', ')}) AND unit = ${literal(unit)}
        AND numerator ${compared} * denominator
    )
    GROUP BY subject, code, run HAVING count(*) >= ${minutes}`;
}

function gaps(): string {
  return `
    SELECT subject, ${literal(gapRule.alarm)}, NULL, before + 1, minute - 1, NULL
    FROM (
      SELECT subject, minute, lag(minute) OVER (PARTITION BY subject ORDER BY minute) AS before
      FROM data_minutes
    )
    WHERE minute - before - 1 > ${gapRule.longestMinutes}`;
}
