/**
 * Preloaded into the processes of functions: what sleeps there for long gets a fraction of it, and its
 * clock says that the whole of it has passed. The next event begins at the machine's time.
 *
 * A function that waits ten minutes for a machine waits five seconds.
 */
import type http from 'node:http';
import type { TimerOptions } from 'node:timers';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import timers from 'node:timers/promises';

/** Carries the milliseconds that a function has slept ahead of the machine's time. */
const sleptHeader = 'x-prover-slept';

const shortMs = 200;
/** A boot takes the machine's time: the first sleeps are longer, so that it is not asked for too often. */
const bootMs = 80;
const bootSleeps = 20;
const hurry = 200;

let aheadMs = 0;
let sleeps = 0;
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
timers.setTimeout = async <T>(ms = 1, value?: T, options?: TimerOptions): Promise<T> => {
  if (ms < shortMs) return sleep<T>(ms, value, options);
  sleeps += 1;
  const hurriedMs = sleeps <= bootSleeps ? Math.min(ms, bootMs) : ms / hurry;
  const result = await sleep<T>(hurriedMs, value, options);
  aheadMs += ms - hurriedMs;
  return result;
};
// Every call tells how far ahead its sender is: signatures do not, because the SDK corrects its date.
// An import would load all that the module offers, in each of some hundred processes.
const web = process.getBuiltinModule('node:http');
const request = web.request;
web.request = ((options: http.RequestOptions, ...rest: [() => void]) =>
  request(options, ...rest).setHeader(sleptHeader, String(aheadMs))) as typeof web.request;
syncBuiltinESMExports();
// The SDK waits here before it repeats a call.
const setTimer = globalThis.setTimeout;
const hurriedTimer = (callback: () => void, ms = 1, ...rest: []): NodeJS.Timeout =>
  setTimer(callback, ms < shortMs ? ms : ms / hurry, ...rest);
globalThis.setTimeout = Object.assign(hurriedTimer, setTimer);
process.on('message', () => {
  aheadMs = 0;
  sleeps = 0;
});
