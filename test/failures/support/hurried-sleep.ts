/**
 * Preloaded into the processes of functions: what sleeps there for long gets a two-hundredth of it,
 * and its clock says that the whole of it has passed. The next event begins at the machine's time.
 *
 * A function that waits ten minutes for a machine waits three seconds.
 */
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import timers from 'node:timers/promises';

const shortMs = 200;
const hurry = 200;

let aheadMs = 0;
const machineNow = Date.now.bind(Date);
const MachineDate = Date;
const sleep = timers.setTimeout;

class HurriedDate extends MachineDate {
  constructor(...values: [] | [number]) {
    super(...(values.length === 0 ? ([machineNow() + aheadMs] as const) : values));
  }

  static override now(): number {
    return machineNow() + aheadMs;
  }
}

globalThis.Date = HurriedDate as DateConstructor;
timers.setTimeout = async <T>(ms = 1, ...rest: [T?, object?]): Promise<T> => {
  if (ms < shortMs) return sleep(ms, ...rest) as Promise<T>;
  const result = await sleep(ms / hurry, ...rest);
  aheadMs += ms - ms / hurry;
  return result as T;
};
syncBuiltinESMExports();
process.on('message', () => {
  aheadMs = 0;
});
