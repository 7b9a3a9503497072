import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { DeviceId } from '../../ingest/model/codes.ts';
import { DeviceDescription } from '../../ingest/model/device-description.ts';
import { Study } from '../../workflow/model/code.ts';
import { UserError } from '../exit-codes.ts';

/** How far a registration has come; only while it is not done. */
const Registration = z.strictObject({
  study: Study,
  device: DeviceId,
  /** Of the certificate in `cert.pem`. */
  certificateArn: z.string().optional(),
});
export type Registration = z.infer<typeof Registration>;

const done = 'device.json';
const underWay = 'registration.json';

/** Devices in a folder: those that are registered, and those whose registration was cut off. */
export interface DeviceFolder {
  readonly done: readonly DeviceDescription[];
  readonly begun: readonly Registration[];
}

/**
 * Reads a folder of devices; one that does not exist is empty.
 *
 * @throws UserError where a device in it is another study's.
 */
export async function readDeviceFolder(folder: string, study: string): Promise<DeviceFolder> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const devices = names.filter((name) => DeviceId.safeParse(name).success).sort();
  const found = await Promise.all(
    devices.map(async (device) => ({
      device,
      done: await readJson(join(folder, device, done), DeviceDescription),
      begun: await readJson(join(folder, device, underWay), Registration),
    })),
  );
  for (const one of found) {
    if ((one.done ?? one.begun ?? { study }).study === study) continue;
    throw new UserError('badInput', `device ${one.device} in the folder is another study's`);
  }
  return {
    done: found.flatMap((one) => one.done ?? []),
    begun: found
      .filter((one) => one.done === undefined)
      .map(({ device, begun }) => begun ?? { study, device }),
  };
}

/** Notes how far a registration has come. */
export async function noteRegistration(folder: string, registration: Registration): Promise<void> {
  const own = join(folder, registration.device);
  await mkdir(own, { recursive: true, mode: 0o700 });
  await writePrivate(join(own, underWay), JSON.stringify(registration));
}

/** Reads a device's private key; writes the one that `make` makes where there is none. */
export async function keepKey(
  folder: string,
  device: string,
  make: () => Promise<string>,
): Promise<string> {
  const path = join(folder, device, 'key.pem');
  const kept = await readText(path);
  if (kept !== undefined) return kept;
  const key = await make();
  await writePrivate(path, key);
  return key;
}

/** Writes a device's certificate. */
export async function writeCertificate(folder: string, device: string, pem: string): Promise<void> {
  await writePrivate(join(folder, device, 'cert.pem'), pem);
}

/** Writes what the device is told, with which its registration is done. */
export async function writeDone(folder: string, settings: DeviceDescription): Promise<void> {
  const own = join(folder, settings.device);
  await writePrivate(join(own, done), `${JSON.stringify(settings, undefined, 2)}\n`);
  await rm(join(own, underWay), { force: true });
}

/** A file appears with all that is in it, for its owner only. */
async function writePrivate(path: string, text: string): Promise<void> {
  const part = `${path}.part`;
  await writeFile(part, text, { mode: 0o600, flush: true });
  await rename(part, path);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new UserError('badInput', "a device's folder has a file that czar did not write", {
      cause: error,
    });
  }
}
