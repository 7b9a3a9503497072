/**
 * Loaded before the agent, on workers of `synthesizeObedient(…, { faults })`: makes the machine that
 * the agent sees a bad one. Changes Node's own modules only; the agent is the one that is deployed.
 *
 * The file `<faults>/<batch>.json` lists faults. Each agent that processes that batch takes the next.
 */
import fs, { mkdirSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import type { AgentFault } from './agent-fault.ts';

const refuse = (code: string, syscall: string): Error =>
  Object.assign(new Error(`${code}: ${syscall}`), { code, syscall });

/** A clock that is off, in a machine whose timers go as they should. */
function skewClock(milliseconds: number): void {
  const RightDate = Date;
  class SkewedDate extends RightDate {
    constructor(...given: unknown[]) {
      if (given.length === 0) super(SkewedDate.now());
      else super(...(given as [number]));
    }
    static override now(): number {
      return RightDate.now() + milliseconds;
    }
  }
  globalThis.Date = SkewedDate as DateConstructor;
}

/** A disk on which, from the first object on, nothing more can be written. */
function spoilDisk(code: 'ENOSPC' | 'EROFS'): void {
  let isSpoilt = false;
  const { mkdir } = fs.promises;
  const spoilt =
    <Args extends unknown[], Result>(syscall: string, original: (...args: Args) => Result) =>
    (...args: Args): Result => {
      if (!isSpoilt) return original(...args);
      const error = refuse(code, syscall);
      const callback = args.at(-1);
      if (typeof callback !== 'function') return Promise.reject(error) as Result;
      process.nextTick(callback, error);
      return undefined as Result;
    };
  fs.promises.writeFile = spoilt('write', fs.promises.writeFile);
  fs.write = spoilt('write', fs.write as (...args: unknown[]) => void) as typeof fs.write;
  fs.writev = spoilt('writev', fs.writev as (...args: unknown[]) => void) as typeof fs.writev;
  if (code === 'EROFS') {
    fs.promises.rm = spoilt('rm', fs.promises.rm);
    fs.promises.chmod = spoilt('chmod', fs.promises.chmod);
  }
  fs.promises.mkdir = ((path: string, options: object) => {
    const made = isSpoilt && code === 'EROFS' ? spoilt('mkdir', mkdir)(path) : mkdir(path, options);
    if (path.endsWith('/input')) isSpoilt = true;
    return made;
  }) as typeof mkdir;
  syncBuiltinESMExports();
}

/** Takes a batch's next fault; undefined where each has been taken, or there are none. */
function takeFault(folder: string, batchId: string): AgentFault | undefined {
  const faults = JSON.parse(readFileSync(join(folder, `${batchId}.json`), 'utf8')) as AgentFault[];
  return faults.find((_, index) => {
    try {
      mkdirSync(join(folder, `${batchId}.${index}`));
      return true;
    } catch {
      return false;
    }
  });
}

function commandGiven(): { command?: string; batchId?: string } {
  try {
    const [, , parameter = ''] = process.argv;
    return JSON.parse(Buffer.from(parameter, 'base64url').toString()) as object;
  } catch {
    return {};
  }
}

const { command, batchId = '' } = commandGiven();
const folder = process.env.CZAR_TEST_FAULTS ?? '';
if (command === 'process' && fs.existsSync(join(folder, `${batchId}.json`))) {
  const fault = takeFault(folder, batchId);
  if (fault?.kind === 'clock') skewClock(fault.milliseconds);
  if (fault?.kind === 'disk') spoilDisk(fault.code);
}
