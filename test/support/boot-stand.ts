import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The commands of Amazon Linux that need a real machine; each notes how it was called. */
const shims: Record<string, string> = {
  swapoff: '',
  'mkfs.xfs': '',
  mount: '',
  systemctl: '',
  // aws s3api get-object --region R --bucket B --key K FILE
  aws: 'cp "$STORE/$(basename "$8")" "$9"',
};

/** A directory that a boot script takes for a machine, and a stand-in for S3A. */
export interface BootStand {
  /** The machine's root. */
  readonly root: string;
  /** Puts a file into S3A under its digest, or a wrong one, which it answers. */
  publish(contents: string | Buffer, digest?: string): Promise<string>;
  tarOf(files: Record<string, string>): Promise<Buffer>;
  /** Runs a boot script as EC2 would, from a file of the machine's; answers its exit code. */
  boot(script: string, file: string): Promise<number>;
  /** Runs a program of the machine; answers its exit code. */
  execute(path: string): Promise<number>;
  /** How the commands of Amazon Linux were called, since the stand was made or `forget` was called. */
  calls(): Promise<string[]>;
  forget(): Promise<void>;
  remove(): Promise<void>;
}

/** Makes a stand for one test. */
export async function makeBootStand(): Promise<BootStand> {
  const directory = await mkdtemp(join(tmpdir(), 'czar-boot-'));
  const root = join(directory, 'root');
  const store = join(directory, 'store');
  const bin = join(directory, 'bin');
  const noted = join(directory, 'calls');
  await Promise.all([root, store, bin].map((path) => mkdir(path)));
  await mkdir(join(root, 'dev'));
  await writeFile(join(root, 'dev', 'sdf'), '');
  await writeFile(noted, '');
  for (const [name, body] of Object.entries(shims)) {
    const path = join(bin, name);
    await writeFile(path, `#!/bin/bash\necho "${name} $*" >>"${noted}"\n${body}\n`);
    await chmod(path, 0o755);
  }
  const execute = (path: string): Promise<number> =>
    run(path, [], {
      env: { PATH: `${bin}:${process.env.PATH}`, CZAR_ROOT: root, STORE: store },
    }).then(
      () => 0,
      (error: unknown) => (error as { code: number }).code,
    );
  return {
    root,
    execute,
    async publish(contents, digest) {
      const name = digest ?? createHash('sha256').update(contents).digest('hex');
      await writeFile(join(store, name), contents);
      return name;
    },
    async tarOf(files) {
      const source = await mkdtemp(join(directory, 'tar-'));
      for (const [name, contents] of Object.entries(files)) {
        await mkdir(join(source, name, '..'), { recursive: true });
        await writeFile(join(source, name), contents);
      }
      const tar = join(directory, 'made.tar');
      await run('tar', ['-cf', tar, '-C', source, '.']);
      return readFile(tar);
    },
    async boot(script, file) {
      const path = join(root, file);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, script, { mode: 0o700 });
      return execute(path);
    },
    calls: async () => (await readFile(noted, 'utf8')).split('\n').filter((line) => line !== ''),
    forget: () => writeFile(noted, ''),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
