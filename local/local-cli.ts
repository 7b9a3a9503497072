/** What `czar local` runs: starts, describes and stops the embedded cloud of this project. */
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isRunning,
  type PersonRole,
  personRoles,
  readLocalState,
  roleEnvironment,
} from './run/local-state.ts';
import { startServer } from './run/start-server.ts';

const exitCodes = { failed: 1, usage: 64, unavailable: 69, interrupted: 130 } as const;

function fail(message: string, exitCode: number): void {
  console.error(`czar local: ${message}`);
  process.exitCode = exitCode;
}

async function start(foreground: boolean, ingest: boolean): Promise<void> {
  const running = readLocalState();
  if (running !== undefined) {
    fail(`an embedded cloud runs already at ${running.endpoint}`, exitCodes.failed);
    return;
  }
  const interrupted = new AbortController();
  process.on('SIGINT', () => interrupted.abort());
  process.on('SIGTERM', () => interrupted.abort());
  let server;
  try {
    server = await startServer({
      onProgress: (text) => console.error(text),
      signal: interrupted.signal,
      ...(ingest && { context: { ingest: 'true' } }),
    });
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    fail('interrupted', exitCodes.interrupted);
    return;
  }
  console.error(`the embedded cloud runs at ${server.state.endpoint}`);
  if (!foreground && !interrupted.signal.aborted) {
    console.error('eval "$(npx czar local env)"   reaches it from a shell');
    console.error('npx czar local stop            stops it and wipes what it kept');
    console.log(server.state.endpoint);
    server.letStay();
    return;
  }
  console.log(server.state.endpoint);
  if (!interrupted.signal.aborted) await once(interrupted.signal, 'abort');
  await server.stop();
  process.exitCode = exitCodes.interrupted;
}

function env(as: string): void {
  const state = readLocalState();
  const role = personRoles.find((person) => person === as);
  if (role === undefined) fail(`--as must be one of ${personRoles.join(', ')}`, exitCodes.usage);
  else if (state === undefined) fail('no embedded cloud runs', exitCodes.unavailable);
  else printEnvironment(roleEnvironment(state, role));
}

function printEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    console.log(`export ${name}='${value.replaceAll("'", `'\\''`)}'`);
  }
}

async function stop(): Promise<void> {
  const state = readLocalState();
  if (state === undefined) {
    console.error('no embedded cloud runs');
    return;
  }
  process.kill(state.pid, 'SIGTERM');
  while (isRunning(state.pid)) await sleep(50);
  console.error('stopped; what it kept is wiped');
}

const [command = '', ...args] = process.argv.slice(2);
try {
  if (command === 'start') await start(args.includes('--foreground'), args.includes('--ingest'));
  else if (command === 'env')
    env(args[args.indexOf('--as') + 1] ?? ('researcher' satisfies PersonRole));
  else if (command === 'stop') await stop();
  else fail('the commands are start, env and stop', exitCodes.usage);
} catch (error) {
  fail(error instanceof Error ? error.message : 'it could not start', exitCodes.failed);
}
