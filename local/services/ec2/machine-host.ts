import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compileCache } from './image.ts';
import { killProcesses, machineProcesses, signal } from './machine-processes.ts';
import type { MachineOrder, MachineReport, Script, ScriptEnd } from './machine-protocol.ts';

/** A machine: the process of `machine.ts` that stands for one instance. */
export interface MachineHost {
  readonly directory: string;
  /** True once the machine takes orders; false where it ended before. */
  readonly ready: Promise<boolean>;
  /** Settles when the machine, all its processes and, unless it is kept, its directory are gone. */
  readonly gone: Promise<void>;
  /** Whether a script is on its way to the machine, or on it. */
  readonly isBusy: boolean;
  run(script: Script): RunningScript;
  /** Ends the machine; its processes get `graceSeconds` to end by themselves. */
  terminate(graceSeconds: number): Promise<void>;
  /** The same, but its directory stays, for a machine that is started in it later. */
  stop(graceSeconds: number): Promise<void>;
  /** Cuts the machine's power: nothing on it gets a chance to react. */
  crash(): Promise<void>;
  /** Ids of the processes on the machine, for tests that stop or kill one. */
  processes(): number[];
}

/** A script on its way to a machine, or on it. */
export interface RunningScript {
  /** True once the machine began it; false where it ended before. */
  readonly started: Promise<boolean>;
  /** How it ended; undefined where the machine ended first. */
  readonly ended: Promise<ScriptEnd | undefined>;
  /** Stops it, or keeps it from starting. */
  cancel(): void;
}

/** How long after its grace a machine that does not end is killed: it may be frozen. */
const patienceMs = 2_000;

interface Waiting {
  readonly start: (started: boolean) => void;
  readonly end: (end: ScriptEnd | undefined) => void;
}

/** Starts a machine in a directory, which is removed at its end unless it is to be kept. */
export function startMachine(
  directory: string,
  events: {
    /** The machine turned itself off: it waits to be ended. */
    readonly onShutdown: () => void;
    /** Asked when the machine has ended: whether its directory stays, as a disk. */
    readonly keepsDirectory: () => boolean;
    /** The machine is gone, asked or not. */
    readonly onGone: () => void;
  },
): MachineHost {
  const child = fork(fileURLToPath(new URL('machine.ts', import.meta.url)), [directory], {
    env: { NODE_COMPILE_CACHE: compileCache(dirname(directory)) },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
  });
  const scripts = new Map<string, Waiting>();
  const ready = Promise.withResolvers<boolean>();
  const exited = new Promise<void>((resolve) => {
    child.on('error', () => resolve());
    // What the machine reported last may be read after its exit.
    child.on('exit', () => (child.connected ? child.on('disconnect', resolve) : resolve()));
  });
  const order = (message: MachineOrder): void => {
    // A machine that is gone hears nothing; that it is gone is told by its exit.
    if (child.connected) child.send(message, () => undefined);
  };
  const cleanUp = async (): Promise<void> => {
    await exited;
    ready.resolve(false);
    for (const { start, end } of scripts.values()) {
      start(false);
      end(undefined);
    }
    scripts.clear();
    try {
      await killProcesses(directory);
      if (!events.keepsDirectory()) {
        await rm(directory, { recursive: true, force: true, maxRetries: 5 });
      }
    } finally {
      events.onGone();
    }
  };
  const end = async (type: 'stop' | 'terminate', graceSeconds: number): Promise<void> => {
    order({ type, graceSeconds });
    const patience = new AbortController();
    const limit = sleep(graceSeconds * 1000 + patienceMs, undefined, { signal: patience.signal });
    limit.then(
      () => child.kill('SIGKILL'),
      () => undefined,
    );
    await gone;
    patience.abort();
  };
  const gone = cleanUp();
  // Whoever awaits it is told of a directory that could not be removed.
  gone.catch(() => undefined);

  child.on('message', (report: MachineReport) => {
    switch (report.type) {
      case 'ready':
        ready.resolve(true);
        break;
      case 'started':
        scripts.get(report.id)?.start(true);
        break;
      case 'ended':
        scripts.get(report.id)?.end(report.end);
        scripts.delete(report.id);
        break;
      case 'shutdown':
        events.onShutdown();
        break;
    }
  });

  return {
    directory,
    ready: ready.promise,
    gone,
    get isBusy() {
      return scripts.size > 0;
    },
    run(script) {
      const id = randomUUID();
      const started = Promise.withResolvers<boolean>();
      const ended = Promise.withResolvers<ScriptEnd | undefined>();
      if (child.connected) scripts.set(id, { start: started.resolve, end: ended.resolve });
      else {
        started.resolve(false);
        ended.resolve(undefined);
      }
      order({ type: 'run', id, script });
      return {
        started: started.promise,
        ended: ended.promise,
        cancel() {
          if (scripts.has(id)) order({ type: 'cancel', id });
        },
      };
    },
    terminate: (graceSeconds) => end('terminate', graceSeconds),
    stop: (graceSeconds) => end('stop', graceSeconds),
    async crash() {
      child.kill('SIGKILL');
      for (const pid of machineProcesses(directory)) signal(pid, 'SIGKILL');
      await gone;
    },
    processes: () => machineProcesses(directory),
  };
}
