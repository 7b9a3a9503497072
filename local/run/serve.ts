/**
 * The process that is the embedded cloud. Started by {@link startServer} with an IPC channel; it
 * says when it is ready, and stops when the channel closes, unless it was told to stay.
 *
 * Started as `node serve.ts [<folder>]`: the folder is the starter's, and is wiped in its place
 * where the starter ends without having stopped this process.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import * as z from 'zod';
import { type EmbeddedCloud, startEmbeddedCloud } from '../cloud.ts';
import {
  leaveLocalDirectory,
  localDirectory,
  type LocalState,
  personRoles,
  takeLocalDirectory,
  writeLocalState,
} from './local-state.ts';
import { contextVariable, type ServerMessage } from './start-server.ts';
import { localContext, synthesize } from './synthesize.ts';

const directory = join(localDirectory, 'cloud');
const assembly = join(localDirectory, 'assembly');
const study = process.env.CZAR_STUDY ?? 'czarhipaa';
const asked = z
  .record(z.string(), z.string())
  .parse(JSON.parse(process.env[contextVariable] ?? '{}'));
const foldersOfStarter = process.argv.slice(2);

function tell(message: ServerMessage): void {
  if (process.connected) process.send?.(message);
}

function wipe(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

const stopping = new AbortController();
let starting: Promise<EmbeddedCloud> | undefined;

async function end(exitCode: number): Promise<void> {
  if (stopping.signal.aborted) return;
  stopping.abort();
  try {
    // One that is half started has processes, too: it stops once it stands.
    await (await starting)?.stop();
  } catch {
    // It ended itself where it could not start; what did not stop cleanly ends with this process.
  }
  wipe(directory);
  leaveLocalDirectory();
  process.exit(exitCode);
}

let staysWithoutParent = false;
process.on('message', (message) => {
  if (message === 'stay') staysWithoutParent = true;
});
process.on('disconnect', () => {
  if (staysWithoutParent) return;
  foldersOfStarter.forEach(wipe);
  void end(0);
});
// A terminal's Ctrl-C goes to whoever started this process; it decides.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => void end(0));

async function start(): Promise<LocalState> {
  wipe(directory);
  mkdirSync(directory, { mode: 0o700 });
  tell({ type: 'progress', text: 'synthesizing the stacks' });
  await synthesize(assembly, { ...localContext, ...asked, pit: study }, stopping.signal);
  stopping.signal.throwIfAborted();
  tell({ type: 'progress', text: 'deploying them into the embedded cloud' });
  starting = startEmbeddedCloud({ assemblyDirectory: assembly, directory });
  const cloud = await starting;
  stopping.signal.throwIfAborted();
  const credentials = Object.fromEntries(
    personRoles.map((role) => [role, cloud.personCredentials(role)]),
  ) as LocalState['credentials'];
  const { authorityPath: iotAuthority } = cloud.services.iot;
  return {
    pid: process.pid,
    endpoint: cloud.endpoint,
    region: cloud.region,
    study,
    directory,
    assembly,
    accessLog: cloud.accessLogPath,
    mails: cloud.mailsDirectory,
    ...(iotAuthority === undefined ? {} : { iotAuthority }),
    credentials,
  };
}

function fail(error: unknown): void {
  tell({ type: 'failed', text: error instanceof Error ? error.message : String(error) });
}

try {
  takeLocalDirectory();
} catch (error) {
  fail(error);
  process.exit(1);
}
try {
  const state = await start();
  writeLocalState(state);
  tell({ type: 'ready', state });
} catch (error) {
  fail(error);
  await end(1);
}
