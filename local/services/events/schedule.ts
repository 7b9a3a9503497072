/** When a scheduled rule fires. */
export interface Schedule {
  /** The first time after `moment`; undefined when there is none any more. */
  next(moment: Date): Date | undefined;
}

/** A schedule expression that AWS or the embedded EventBridge does not take. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
  readonly code = 'ScheduleError';
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const unitMs: Readonly<Record<string, number>> = {
  minute: minuteMs,
  hour: 60 * minuteMs,
  day: dayMs,
};

/** Nothing is looked for beyond the longest gap between two leap days. */
const longestSearchDays = 8 * 366;

/**
 * Reads `rate(...)`, which counts from `created` on, or `cron(...)`, whose fields are in UTC.
 *
 * @throws ScheduleError
 * @see Amazon EventBridge User Guide, "Setting a schedule pattern for scheduled rules"
 */
export function parseSchedule(expression: string, created: Date): Schedule {
  const { kind, inner = '' } =
    /^(?<kind>rate|cron)\((?<inner>.+)\)$/.exec(expression)?.groups ?? {};
  if (kind === 'rate') return rate(inner, created);
  if (kind === 'cron') return cron(inner.split(/\s+/));
  throw new ScheduleError('must be rate(...) or cron(...)');
}

function rate(inner: string, created: Date): Schedule {
  const {
    count,
    unit = '',
    plural,
  } = /^(?<count>\d+) (?<unit>minute|hour|day)(?<plural>s?)$/.exec(inner)?.groups ?? {};
  const isSingular = count === '1';
  if (count === undefined || Number(count) === 0 || isSingular !== (plural === ''))
    throw new ScheduleError('rate must be a number and minute(s), hour(s) or day(s), as in 1 hour');
  const periodMs = Number(count) * (unitMs[unit] ?? 0);
  return {
    next(moment) {
      const passed = Math.floor((moment.getTime() - created.getTime()) / periodMs);
      return new Date(created.getTime() + Math.max(1, passed + 1) * periodMs);
    },
  };
}

const months = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const weekdays = 'SUN MON TUE WED THU FRI SAT'.split(' ');

function cron(fields: readonly string[]): Schedule {
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = fields;
  if (fields.length !== 6) throw new ScheduleError('cron must have six fields');
  if ((dayOfMonth === '?') === (dayOfWeek === '?'))
    throw new ScheduleError('cron must have ? for the day of the month or the day of the week');
  const minutes = cronField(minute, 'minutes', 0, 59);
  const hours = cronField(hour, 'hours', 0, 23);
  const inDay = {
    year: cronField(year, 'year', 1970, 2199),
    month: cronField(month, 'month', 1, 12, months),
    dayOfMonth: cronField(dayOfMonth, 'day of month', 1, 31),
    dayOfWeek: cronField(dayOfWeek, 'day of week', 1, 7, weekdays),
  };
  const isDay = (day: Date): boolean =>
    inDay.year.has(day.getUTCFullYear()) &&
    inDay.month.has(day.getUTCMonth() + 1) &&
    inDay.dayOfMonth.has(day.getUTCDate()) &&
    inDay.dayOfWeek.has(day.getUTCDay() + 1);
  return {
    next(moment) {
      const today = Math.floor(moment.getTime() / dayMs) * dayMs;
      for (let days = 0; days <= longestSearchDays; days += 1) {
        const day = new Date(today + days * dayMs);
        if (!isDay(day)) continue;
        for (const h of hours) {
          for (const m of minutes) {
            const time = day.getTime() + (h * 60 + m) * minuteMs;
            if (time > moment.getTime()) return new Date(time);
          }
        }
      }
      return undefined;
    },
  };
}

/** The values of one field, ascending. */
function cronField(
  text: string,
  name: string,
  first: number,
  last: number,
  names: readonly string[] = [],
): Set<number> {
  const number = (part: string): number => {
    const index = names.indexOf(part.toUpperCase());
    const value = index < 0 ? Number(part) : index + 1;
    if (!/^(\d+|[A-Za-z]{3})$/.test(part) || !(value >= first && value <= last)) {
      throw new ScheduleError(
        `the ${name} of cron must be numbers from ${first} to ${last}, * , - / or names: L, W and # are not supported by the embedded EventBridge`,
      );
    }
    return value;
  };
  const values = text.split(',').flatMap((part) => {
    const [range = '', step, ...rest] = part.split('/');
    if (rest.length > 0) return [number(part)];
    const [from, to] = bounds(range, number, { first, last, isStepped: step !== undefined });
    const by = step === undefined ? 1 : number(step);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index).filter(
      (value) => value >= from && value <= to && (value - from) % by === 0,
    );
  });
  if (values.length === 0) throw new ScheduleError(`the ${name} of cron never come`);
  return new Set(values.toSorted((left, right) => left - right));
}

function bounds(
  range: string,
  number: (part: string) => number,
  { first, last, isStepped }: { first: number; last: number; isStepped: boolean },
): [number, number] {
  if (range === '*' || range === '?') return [first, last];
  const dash = range.indexOf('-');
  if (dash > 0) return [number(range.slice(0, dash)), number(range.slice(dash + 1))];
  return [number(range), isStepped ? last : number(range)];
}
