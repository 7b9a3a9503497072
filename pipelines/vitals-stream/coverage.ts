import { minutesPerDay } from './minutes.ts';

/**
 * The SQL of each subject's coverage: `first_minute` and `last_minute` with data, how many `minutes` have
 * some, and `minutes_of_day`, those of them that are of the day.
 */
export function coverageSql(firstMinute: number): string {
  return `
    SELECT subject, min(minute) AS first_minute, max(minute) AS last_minute,
      count(minute) AS minutes,
      count(minute) FILTER (minute >= ${firstMinute} AND minute < ${firstMinute + minutesPerDay})
        AS minutes_of_day
    FROM (SELECT DISTINCT subject FROM tallies WHERE kind = 'DEVICE')
      LEFT JOIN (SELECT subject, minute FROM data_minutes) USING (subject)
    GROUP BY subject`;
}
