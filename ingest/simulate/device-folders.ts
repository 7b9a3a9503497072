import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeviceDescription } from '../model/device-description.ts';
import { FleetError } from './fleet-error.ts';

/** A registered device: what it is, and what it proves it with. */
export interface RegisteredDevice extends DeviceDescription {
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

function parseDeviceFile(file: Buffer): DeviceDescription {
  try {
    return DeviceDescription.parse(JSON.parse(file.toString()));
  } catch (cause) {
    throw new FleetError('FOLDER', 'a device.json is not as czar iot register writes it', {
      cause,
    });
  }
}
