import {
  chmodSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { SessionCredentials } from '../../api.ts';

/** Stand-ins of commands of Amazon Linux: see the README in that folder. */
const imageCommands = fileURLToPath(new URL('image/', import.meta.url));

/** Where Node keeps what it compiled of the image's own programs. */
export const compileCache = (fleetDirectory: string): string =>
  join(fleetDirectory, 'image', 'compile-cache');

/**
 * The same cache, as a machine's own programs find it. Each machine has them in another folder: what
 * one compiled is good for the next only where it is filed under paths relative to the cache.
 */
const ownCompileCache = (directory: string): string => join(directory, 'var', 'compile-cache');

/** The one machine image of the embedded EC2. */
export interface Image {
  /** Lays out a new machine's directory as a boot from the image would. */
  layOut(directory: string): void;
}

/** Software that an image brings, by its path on a machine below `/opt/czar`: files of the host. */
export type ImageSoftware = Readonly<Record<string, string>>;

/**
 * Makes the image, in a folder of its own.
 *
 * It brings software, as an AMI may: the boot script takes a file only when its digest is the one that
 * the launch template demands. Machines get it as links to the image's copies, which no machine's
 * `chmod` can turn against the host's own node.
 */
export function createImage(folder: string, software: ImageSoftware): Image {
  let isMade = false;
  const make = (): void => {
    if (isMade) return;
    for (const [name, source] of Object.entries(software)) {
      const copy = join(folder, name);
      mkdirSync(dirname(copy), { recursive: true, mode: 0o700 });
      copyFileSync(source, copy, constants.COPYFILE_FICLONE);
      chmodSync(copy, 0o755);
    }
    isMade = true;
  };
  return {
    layOut(directory) {
      make();
      for (const name of ['dev', 'tmp', 'var']) {
        mkdirSync(join(directory, name), { recursive: true, mode: 0o700 });
      }
      // The scratch volume's device: what is written to the volume stays in the machine's directory.
      writeFileSync(join(directory, 'dev', 'sdf'), '');
      symlinkSync(compileCache(dirname(directory)), ownCompileCache(directory));
      for (const name of Object.keys(software)) {
        const link = join(directory, 'opt', 'czar', name);
        mkdirSync(dirname(link), { recursive: true, mode: 0o700 });
        linkSync(join(folder, name), link);
      }
    },
  };
}

/**
 * The environment of every script on a machine: nothing of the host's is in it.
 *
 * Credentials stand in it where a real instance asks IMDS; `CZAR_ROOT` is the root that the boot
 * script prefixes its paths with; the image's commands come first on the path.
 */
export function imageEnvironment(machine: {
  readonly directory: string;
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: SessionCredentials;
}): Record<string, string> {
  return {
    PATH: `${imageCommands}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    HOME: machine.directory,
    TMPDIR: join(machine.directory, 'tmp'),
    LANG: 'C.UTF-8',
    CZAR_ROOT: machine.directory,
    CZAR_IMAGE_NODE: process.execPath,
    CZAR_IMAGE_CACHE: compileCache(dirname(machine.directory)),
    NODE_COMPILE_CACHE: ownCompileCache(machine.directory),
    NODE_COMPILE_CACHE_PORTABLE: '1',
    AWS_REGION: machine.region,
    AWS_DEFAULT_REGION: machine.region,
    AWS_ENDPOINT_URL: machine.endpoint,
    AWS_ACCESS_KEY_ID: machine.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: machine.credentials.secretAccessKey,
    AWS_SESSION_TOKEN: machine.credentials.sessionToken,
  };
}
