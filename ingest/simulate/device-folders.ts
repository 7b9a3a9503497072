import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { Study } from '../../workflow/model/code.ts';
import { DeviceId } from '../model/codes.ts';
import { FleetError } from './fleet-error.ts';

/** What `czar iot register` says of a device, in its `device.json`. */
export const DeviceFile = z.strictObject({
  study: Study,
  device: DeviceId,
  /** Host of the broker, and its port where it is not 8883. */
  endpoint: z.string().regex(/^[A-Za-z0-9.-]+(:[0-9]{1,5})?$/),
  everySeconds: z.int().min(1).max(86_400),
});
export type DeviceFile = z.infer<typeof DeviceFile>;

/** A registered device: what it is, and what it proves it with. */
export interface RegisteredDevice extends DeviceFile {
  /** In PEM. */
  readonly key: Buffer;
  readonly cert: Buffer;
}

/**
 * Reads a fleet: a folder with a folder for each device, in which `czar iot register` put `device.json`,
 * `key.pem` and `cert.pem`. The folder of one device is a fleet of one. Files beside the folders are let be.
 *
 * @throws FleetError where a folder is not one of a device, or they are of more than one study.
 */
export async function readDeviceFolders(folder: string): Promise<RegisteredDevice[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const isDevice = entries.some(({ name }) => name === 'device.json');
  const folders = isDevice
    ? [folder]
    : entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  if (folders.length === 0) throw new FleetError('FOLDER', 'there is no device in the folder');
  const devices = await Promise.all(folders.map(readDevice));
  if (new Set(devices.map(({ study }) => study)).size > 1) {
    throw new FleetError('FOLDER', 'the devices are of more than one study');
  }
  if (new Set(devices.map(({ device }) => device)).size < devices.length) {
    throw new FleetError('FOLDER', 'two folders are of the same device');
  }
  return devices.sort((a, b) => (a.device < b.device ? -1 : 1));
}

async function readDevice(folder: string): Promise<RegisteredDevice> {
  const read = async (name: string): Promise<Buffer> => {
    try {
      return await readFile(join(folder, name));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
      throw new FleetError('FOLDER', `a device's folder has no ${name}`, { cause });
    }
  };
  const [file, key, cert] = await Promise.all([
    read('device.json'),
    read('key.pem'),
    read('cert.pem'),
  ]);
  return { ...parseDeviceFile(file), key, cert };
}

function parseDeviceFile(file: Buffer): DeviceFile {
  try {
    return DeviceFile.parse(JSON.parse(file.toString()));
  } catch (cause) {
    throw new FleetError('FOLDER', 'a device.json is not as czar iot register writes it', {
      cause,
    });
  }
}
