/**
 * `npm run demo`: a batch from upload to evaporation, on this machine, from the synthesized
 * templates. Its last line on stdout is one JSON object; the exit code is 0 only when every check
 * held.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { localDirectory, readLocalState } from '../run/local-state.ts';
import { type Server, startServer } from '../run/start-server.ts';
import { runDemo } from './run-demo.ts';
import { Transcript } from './transcript.ts';

const help = `npm run demo [-- options]

Runs one batch of the synthetic study "100 Johns" from upload to evaporation, on this machine.

  --keep           leave the embedded cloud running, and say how to use it
  --split <n>      files to split the visits into: one object each (default: 12)
  --workers <n>    dedicated machines (default: 5)
  --help           this text

The last line on stdout is one JSON object; the exit code is 0 when every check held.`;

const { values } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    split: { type: 'string', default: '12' },
    workers: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});

const folder = join(localDirectory, 'demo');
const interrupted = new AbortController();
let server: Server | undefined;

/** Milliseconds that the step under way has to end after an interruption. */
const patienceMs = 5_000;

function wipe(): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function interrupt(running: Promise<void>): Promise<void> {
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
}

async function main(): Promise<void> {
  const transcript = new Transcript();
  if (readLocalState() !== undefined) {
    throw new Error('an embedded cloud runs already; stop it with: npx czar local stop');
  }
  transcript.step('The stacks, and an embedded cloud made from them');
  server = await startServer({
    onProgress: (text) => transcript.say(`  ${text}`),
    signal: interrupted.signal,
    folders: [folder],
  });
  wipe();
  transcript.say(`  endpoint ${server.state.endpoint}`);
  const { state } = server;
  const summary = await runDemo(
    {
      split: Number(values.split),
      workers: Number(values.workers),
      folder,
      signal: interrupted.signal,
    },
    state,
    transcript,
  );
  if (values.keep) {
    server.letStay();
    transcript.say();
    transcript.say('The embedded cloud stays up. In a shell:');
    transcript.say('  eval "$(npx czar local env)"      reaches it, as the researcher');
    transcript.say('  npx czar upload <files>           makes a batch of them');
    transcript.say('  npx czar start <batch> --pipeline vitals-summary --watch');
    transcript.say('  npx czar local stop               stops it and wipes what it kept');
  } else {
    await server.stop();
  }
  const checks = transcript.checks;
  const status = Object.values(checks).every(Boolean) ? 'SUCCEEDED' : 'FAILED';
  const seconds = Math.round(transcript.seconds * 10) / 10;
  process.stdout.write(`${JSON.stringify({ status, ...summary, seconds, checks })}\n`);
  process.exitCode = status === 'SUCCEEDED' ? 0 : 1;
}

async function run(): Promise<void> {
  try {
    await main();
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
}

if (values.help) {
  process.stdout.write(`${help}\n`);
} else {
  const running = run();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => void interrupt(running));
  }
  await running;
}
