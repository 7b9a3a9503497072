import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { compileCache } from './compile-cache.ts';
import { localDirectory, type LocalState } from './local-state.ts';

/** What the process of the embedded cloud tells while it starts. */
export type ServerMessage =
  | { readonly type: 'progress'; readonly text: string }
  | { readonly type: 'ready'; readonly state: LocalState }
  | { readonly type: 'failed'; readonly text: string };

/** A started embedded cloud. It stops when this process ends, however that happens. */
export interface Server {
  readonly state: LocalState;
  /** Lets the cloud run on without this process. */
  letStay(): void;
  /** Stops the cloud; ends when it and everything it started are gone. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly onProgress: (text: string) => void;
  /** Ends a start that is under way. */
  readonly signal: AbortSignal;
  /** What the cloud wipes in this process's place, where this process is killed. */
  readonly folders?: readonly string[];
  /** CDK context besides that of every local run. */
  readonly context?: Readonly<Record<string, string>>;
}

/** Variable of the cloud's process with the context it was asked for, as JSON. */
export const contextVariable = 'CZAR_LOCAL_CONTEXT';

/** Seconds that a cloud may take to stop before it is killed; its machines then end by themselves. */
const stopSeconds = 20;

/**
 * Starts the embedded cloud in a process of its own, in its own session, so that a terminal's
 * Ctrl-C reaches only who started it.
 *
 * @throws Error when it could not start, or was not to; nothing is left running then.
 */
export async function startServer({
  onProgress,
  signal,
  folders = [],
  context = {},
}: ServerOptions): Promise<Server> {
  signal.throwIfAborted();
  mkdirSync(localDirectory, { recursive: true, mode: 0o700 });
  const log = openSync(join(localDirectory, 'server.log'), 'w', 0o600);
  const child = fork(fileURLToPath(new URL('serve.ts', import.meta.url)), folders, {
    execArgv: [],
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: compileCache,
      [contextVariable]: JSON.stringify(context),
    },
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const stop = (): void => void stopProcess(child);
  signal.addEventListener('abort', stop);
  try {
    const state = await whenReady(child, onProgress);
    return {
      state,
      letStay() {
        child.send('stay');
        child.disconnect();
        child.unref();
      },
      stop: () => stopProcess(child),
    };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function whenReady(child: ChildProcess, onProgress: (text: string) => void): Promise<LocalState> {
  return new Promise((resolve, reject) => {
    let why: string | undefined;
    child.on('message', (message: ServerMessage) => {
      if (message.type === 'progress') onProgress(message.text);
      else if (message.type === 'ready') resolve(message.state);
      else why = message.text;
    });
    child.on('error', reject);
    // Only then is everything gone that it had begun.
    child.on('exit', (code) =>
      reject(new Error(why ?? `the embedded cloud ended with code ${code ?? -1}`)),
    );
  });
}

function stopProcess(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    const limit = setTimeout(() => child.kill('SIGKILL'), stopSeconds * 1000);
    child.on('exit', () => {
      clearTimeout(limit);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
