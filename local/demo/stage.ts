import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { localDirectory, type LocalState, readLocalState } from '../run/local-state.ts';
import { type Server, startServer } from '../run/start-server.ts';
import { startConsole } from './start-console.ts';
import { Transcript } from './transcript.ts';

/** What a demo plays, and where. */
export interface Play {
  /** Folder below the local one for what the demo keeps: inputs, results. Wiped before, and where it fails. */
  readonly folder: string;
  /** CDK context besides that of every local run. */
  readonly context?: Readonly<Record<string, string>>;
  /** Whether the embedded cloud stays up behind the demo. */
  readonly keep: boolean;
  /** How to use it then, a line each. */
  readonly hints: readonly string[];
  /** The demo itself: answers what its last line tells beside its checks. */
  readonly act: (stage: Stage) => Promise<object>;
}

/** What a demo has to play with. */
export interface Stage {
  readonly state: LocalState;
  readonly folder: string;
  readonly transcript: Transcript;
  /** Aborted at Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Milliseconds that the step under way has to end after an interruption. */
const patienceMs = 5_000;

/**
 * Runs a demo against an embedded cloud of its own, and ends with one JSON object on stdout: `status` is
 * SUCCEEDED, and the exit code 0, only when every check held. Ctrl-C stops everything and wipes plaintext.
 */
export async function play(demo: Play): Promise<void> {
  const folder = join(localDirectory, demo.folder);
  const interrupted = new AbortController();
  let server: Server | undefined;
  const wipe = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

  const perform = async (): Promise<void> => {
    const transcript = new Transcript();
    if (readLocalState() !== undefined) {
      throw new Error('an embedded cloud runs already; stop it with: npx czar local stop');
    }
    transcript.step('The stacks, and an embedded cloud made from them');
    server = await startServer({
      onProgress: (text) => transcript.say(`  ${text}`),
      signal: interrupted.signal,
      folders: [folder],
      ...(demo.context && { context: demo.context }),
    });
    wipe();
    const { state } = server;
    transcript.say(`  endpoint ${state.endpoint}`);
    const summary = await demo.act({ state, folder, transcript, signal: interrupted.signal });
    if (demo.keep) {
      server.letStay();
      const address = await startConsole();
      transcript.say();
      transcript.say('The console shows all of it, for whoever has this address:');
      transcript.say(`  ${address}`);
      transcript.say('The embedded cloud stays up. In a shell:');
      for (const hint of demo.hints) transcript.say(`  ${hint}`);
    } else {
      await server.stop();
    }
    const { checks } = transcript;
    const status = Object.values(checks).every(Boolean) ? 'SUCCEEDED' : 'FAILED';
    const seconds = Math.round(transcript.seconds * 10) / 10;
    process.stdout.write(`${JSON.stringify({ status, ...summary, seconds, checks })}\n`);
    process.exitCode = status === 'SUCCEEDED' ? 0 : 1;
  };

  const run = async (): Promise<void> => {
    try {
      await perform();
    } catch (error) {
      if (interrupted.signal.aborted) return;
      process.stderr.write(`demo: ${error instanceof Error ? error.message : 'failed'}\n`);
      if (server !== undefined) {
        await server.stop();
        wipe();
      }
      process.stdout.write(`${JSON.stringify({ status: 'FAILED', checks: {} })}\n`);
      process.exitCode = 1;
    }
  };

  const interrupt = async (running: Promise<void>): Promise<void> => {
    if (interrupted.signal.aborted) return;
    interrupted.abort();
    process.stderr.write('\ninterrupted: stopping everything and wiping plaintext\n');
    await Promise.all([
      // A step that still writes would bring back what is wiped here.
      Promise.race([running, sleep(patienceMs)]),
      server?.stop(),
    ]);
    // Without a cloud of its own there is nothing of this run; what lies there is another one's.
    if (server !== undefined) wipe();
    process.exit(130);
  };

  const running = run();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => void interrupt(running));
  }
  await running;
}
