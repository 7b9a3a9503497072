import { spawnSync } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root } from './bundles.ts';
import { assembledModules } from './platform-modules.ts';

// Installs what the lockfile pins, for the workers' platform, on a host of another one:
//   node stacks/assemble-platform.ts linux-x64
// No package's install script runs. Afterwards `cdk synth` and `cdk deploy` find it in dist/.
const [platform = 'linux-x64'] = process.argv.slice(2);
if (platform !== 'linux-x64') {
  throw new Error(`platform must be linux-x64, got ${platform}`);
}
const target = dirname(assembledModules(platform));
await mkdir(target, { recursive: true });
for (const name of ['package.json', 'package-lock.json']) {
  await copyFile(join(root, name), join(target, name));
}
const [os = '', cpu = ''] = platform.split('-');
const { status } = spawnSync(
  'npm',
  ['ci', `--os=${os}`, `--cpu=${cpu}`, '--libc=glibc', '--omit=dev', '--ignore-scripts'],
  { cwd: target, stdio: ['ignore', 'inherit', 'inherit'] },
);
process.exitCode = status ?? 1;
