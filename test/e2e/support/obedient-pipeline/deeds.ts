import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BadDataError, type RunDirectories } from '../../../../pipelines/run-protocol.ts';

/** Where a deed is done, and with which text. */
export interface Scene extends RunDirectories {
  readonly text: string;
}

const mebibyte = 2 ** 20;

/** So that a worker that does not keep its limits fails a test and harms no machine. */
const mostMebibytes = 2048;
const mostMilliseconds = 120_000;

/** A program that goes on until it is killed, or has been there for minutes, whatever it is told. */
const stay = `process.on('SIGTERM', () => {}).on('SIGHUP', () => {});
setTimeout(() => {}, ${mostMilliseconds});`;

/** A program that takes memory, and keeps it. */
const takeMemory = `const kept = [];
setTimeout(() => {}, ${mostMilliseconds});
setInterval(() => kept.length < ${mostMebibytes / 16} && kept.push(Buffer.alloc(2 ** 24, 1)), 5)
  .unref();`;

/** Says on the command line of what is left behind whose it is, for whoever looks for it. */
const whose = process.env.CZAR_OUTPUT ?? '';

/** Starts a program that nobody waits for. */
function leave(program: string, options: { detached?: boolean; cwd?: string } = {}): void {
  spawn(process.execPath, ['-e', program, whose], { stdio: 'ignore', ...options }).unref();
}

async function forever(): Promise<never> {
  for (;;) await sleep(1e6);
}

/** What the pipeline can be told to do, by the first word of a line. The rest is the argument. */
export const deeds = {
  /** Nothing: the object is processed. */
  ok: () => undefined,
  /** Takes so many milliseconds. */
  wait: (milliseconds) => sleep(Number(milliseconds)),
  /** Never ends. */
  hang: () => forever(),
  /** Never ends and never looks at anything: no timer or signal handler of its own gets a turn. */
  spin: () => {
    for (;;);
  },
  /** Says that the data is bad, with a reason code. */
  reject: (reason) => {
    throw new BadDataError(reason);
  },
  exit: (code) => process.exit(Number(code)),
  /** Ends well and leaves nothing: see `process.ts`. */
  'no-result': () => undefined,
  /** Takes memory until something ends it: of the JavaScript heap. */
  heap: () => {
    const kept: unknown[] = [];
    for (;;) kept.push(Array.from({ length: 1e5 }, (_, index) => ({ index })));
  },
  /** The same, outside of the heap. */
  memory: async () => {
    const kept: Buffer[] = [];
    while (kept.length < mostMebibytes / 16) {
      kept.push(Buffer.alloc(16 * mebibyte, 1));
      await sleep(5);
    }
    await forever();
  },
  /** The same, in a child. */
  'child-memory': async () => {
    leave(takeMemory);
    await forever();
  },
  /** The same, in a child that left its group. */
  'far-child-memory': async () => {
    leave(takeMemory, { detached: true });
    await forever();
  },
  /** Writes its object to stdout and stderr, over and over, so many MiB each. */
  print: async (mebibytes, { text }) => {
    const chunk = Buffer.alloc(mebibyte, text);
    for (let written = 0; written < Number(mebibytes); written += 1) {
      for (const stream of [process.stdout, process.stderr]) {
        if (!stream.write(chunk)) await once(stream, 'drain');
      }
    }
  },
  /** Writes so many MiB to its temporary directory. */
  store: async (mebibytes, { temporary, text }) => {
    const chunk = Buffer.alloc(mebibyte, text);
    for (let written = 0; written < Number(mebibytes); written += 1) {
      await writeFile(join(temporary, `part-${written}`), chunk);
    }
  },
  /** Leaves a link among its results. */
  link: (_, { output }) => symlink('/etc/hostname', join(output, 'link')),
  /** Leaves a child that outlives it. */
  leave: () => leave(stay),
  /** Leaves a child in a session of its own. */
  'leave-session': () => leave(stay, { detached: true }),
  /** Leaves a grandchild in a session of its own whose parent is gone, outside of the scratch. */
  daemonize: async () => {
    const middle = `require('node:child_process')
      .spawn(process.execPath, ['-e', ${JSON.stringify(stay)}, process.argv[1]],
        { detached: true, stdio: 'ignore', cwd: '/', env: {} }).unref();`;
    const child = spawn(process.execPath, ['-e', middle, whose], {
      detached: true,
      stdio: 'ignore',
    });
    await once(child, 'exit');
  },
} satisfies Record<string, (argument: string, scene: Scene) => unknown>;
