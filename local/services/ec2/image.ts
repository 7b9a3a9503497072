import { chmodSync, constants, copyFileSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { SessionCredentials } from '../../api.ts';

/** Stand-ins of commands of Amazon Linux: see the README in that folder. */
const imageCommands = fileURLToPath(new URL('image/', import.meta.url));

/** Where Node keeps what it compiled of the image's own programs. */
export const compileCache = (fleetDirectory: string): string =>
  join(fleetDirectory, 'image', 'compile-cache');

/** The one machine image of the embedded EC2. */
export interface Image {
  /** Lays out a new machine's directory as a boot from the image would. */
  layOut(directory: string): void;
}

/**
 * Makes the image, in a folder of its own.
 *
 * It brings node, as an AMI may: the boot script takes it only when its digest is the one that the
 * launch template demands. Machines get it as a link to the image's copy, which no machine's
 * `chmod` can turn against the host's own node.
 */
export function createImage(folder: string, node: string): Image {
  const imageNode = join(folder, 'node');
  let hasNode = false;
  const ensureNode = (): void => {
    if (hasNode) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    copyFileSync(node, imageNode, constants.COPYFILE_FICLONE);
    chmodSync(imageNode, 0o755);
    hasNode = true;
  };
  return {
    layOut(directory) {
      ensureNode();
      for (const name of ['dev', 'opt/czar/bin', 'tmp']) {
        mkdirSync(join(directory, name), { recursive: true, mode: 0o700 });
      }
      // The scratch volume's device: what is written to the volume stays in the machine's directory.
      writeFileSync(join(directory, 'dev', 'sdf'), '');
      linkSync(imageNode, join(directory, 'opt', 'czar', 'bin', 'node'));
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
    AWS_REGION: machine.region,
    AWS_DEFAULT_REGION: machine.region,
    AWS_ENDPOINT_URL: machine.endpoint,
    AWS_ACCESS_KEY_ID: machine.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: machine.credentials.secretAccessKey,
    AWS_SESSION_TOKEN: machine.credentials.sessionToken,
  };
}
