import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

/** The people of a study, as `czar local env --as` names them. */
export const personRoles = ['uploader', 'researcher', 'operator', 'auditor'] as const;
export type PersonRole = (typeof personRoles)[number];

const Credentials = z.strictObject({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  sessionToken: z.string(),
});

/** What a running embedded cloud tells of itself, in a file that only its owner reads. */
export const LocalState = z.strictObject({
  pid: z.int(),
  endpoint: z.url(),
  region: z.string(),
  study: z.string(),
  /** Folder of everything the cloud keeps: objects, mails, logs. Wiped when it stops. */
  directory: z.string(),
  assembly: z.string(),
  accessLog: z.string(),
  mails: z.string(),
  /** The certificate that devices trust the IoT endpoint by; absent where the stacks have no devices. */
  iotAuthority: z.string().optional(),
  credentials: z.record(z.enum(personRoles), Credentials),
});
export type LocalState = z.infer<typeof LocalState>;

/**
 * Folder of local runs: `$CZAR_LOCAL_DIRECTORY`, else `.czar` in the project, out of version control.
 *
 * One embedded cloud at a time has a folder; several run side by side in folders of their own.
 */
export const localDirectory = resolve(
  process.env.CZAR_LOCAL_DIRECTORY ?? fileURLToPath(new URL('../../.czar', import.meta.url)),
);
const stateFile = join(localDirectory, 'local.json');
const lockFile = join(localDirectory, 'server.pid');

/** Reads the state of the embedded cloud that runs; undefined where none does. */
export function readLocalState(): LocalState | undefined {
  let text;
  try {
    text = readFileSync(stateFile, 'utf8');
  } catch {
    return undefined;
  }
  const state = LocalState.parse(JSON.parse(text));
  if (isRunning(state.pid)) return state;
  rmSync(stateFile, { force: true });
  return undefined;
}

export function writeLocalState(state: LocalState): void {
  writeFileSync(stateFile, JSON.stringify(LocalState.parse(state)), { mode: 0o600 });
}

/**
 * Takes the folder for the embedded cloud that this process is to be.
 *
 * From its first moment on, not only once it runs: a second one would wipe the first one's folder.
 *
 * @throws Error when another one has it.
 */
export function takeLocalDirectory(): void {
  mkdirSync(localDirectory, { recursive: true, mode: 0o700 });
  const write = (flag: 'w' | 'wx'): void =>
    writeFileSync(lockFile, String(process.pid), { flag, mode: 0o600 });
  try {
    write('wx');
  } catch {
    if (isRunning(Number(readFileSync(lockFile, 'utf8')))) {
      throw new Error('an embedded cloud runs already, or starts just now');
    }
    write('w');
  }
}

/** Gives the folder back; nothing of the embedded cloud is left in it then. */
export function leaveLocalDirectory(): void {
  rmSync(stateFile, { force: true });
  rmSync(lockFile, { force: true });
}

/** Says whether a process runs. One that ended and that its parent has not taken notice of does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch {
    // No /proc here: the signal has to do.
    return true;
  }
}

/** The variables by which SDK clients and `czar` reach the embedded cloud as one role. */
export function roleEnvironment(state: LocalState, role: PersonRole): Record<string, string> {
  const { accessKeyId, secretAccessKey, sessionToken } = state.credentials[role];
  return {
    AWS_ENDPOINT_URL: state.endpoint,
    AWS_REGION: state.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    CZAR_STUDY: state.study,
    CZAR_STATE: join(state.directory, 'uploads'),
    // On AWS a system's own authorities vouch for the endpoint.
    ...(state.iotAuthority === undefined ? {} : { CZAR_IOT_CA: state.iotAuthority }),
  };
}
