import type { WaitState } from './model.ts';
import type { Conclusion, Visit } from './visit.ts';

const ISO_DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Wait: lets Seconds pass, or the time until Timestamp; one that lies in the past ends at once. */
export async function runWait(state: WaitState, visit: Visit): Promise<Conclusion> {
  const { outside } = visit.runtime;
  await outside.sleep(await delayMs(state, visit), visit.frame.signal);
  return visit.conclude(state, visit.input);
}

async function delayMs({ Seconds, Timestamp }: WaitState, visit: Visit): Promise<number> {
  if (Seconds !== undefined) return (await visit.evaluateCount(Seconds, 'Seconds', 0)) * 1000;
  const template = Timestamp ?? null;
  const timestamp = await visit.evaluateTo('string', template, 'Timestamp');
  if (!ISO_DATE_TIME.test(timestamp))
    throw visit.refuse(template, 'Timestamp', 'timestamp', timestamp);
  return Date.parse(timestamp) - visit.runtime.outside.now().getTime();
}
