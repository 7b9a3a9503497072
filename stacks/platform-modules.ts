import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './bundles.ts';
import type { CzarConfig } from './config.ts';

/** A package of the engine: its name and where it is installed. */
export interface EnginePackage {
  readonly name: string;
  readonly path: string;
}

/** The native parts of a worker's software, as installed. */
export interface PlatformModules {
  readonly nodePath: string;
  readonly engine: readonly EnginePackage[];
}

/** Where `stacks/assemble-platform.ts` installs the packages of a platform that is not the host's. */
export const assembledModules = (platform: string): string =>
  join(root, 'dist', 'platform', platform, 'node_modules');

/**
 * Finds the node binary and the engine for a platform: in the repository's own `node_modules` where
 * the host is of that platform, else where they were assembled.
 *
 * @throws Error saying which command assembles them.
 */
export async function platformModules(
  platform: CzarConfig['workerPlatform'],
): Promise<PlatformModules> {
  const host = `${process.platform}-${process.arch}`;
  const own = join(root, 'node_modules');
  if (platform === 'host') {
    return { nodePath: process.execPath, engine: await findEngine(own, host) };
  }
  const modules = host === platform ? own : assembledModules(platform);
  const nodePath = join(modules, `node-${platform}`, 'bin', 'node');
  const there = await stat(nodePath).catch(() => undefined);
  if (there?.isFile() !== true) {
    throw new Error(
      `the workers' packages for ${platform} are not here: run \`node stacks/assemble-platform.ts ${platform}\``,
    );
  }
  return { nodePath, engine: await findEngine(modules, platform) };
}

/** `@duckdb/node-api` needs its loader, the loader a binding for the platform and `detect-libc`. */
async function findEngine(modules: string, platform: string): Promise<EnginePackage[]> {
  const binding = `node-bindings-${platform}`;
  const installed = await readdir(join(modules, '@duckdb'));
  const bindings = installed.filter((name) => name === binding || name === `${binding}-musl`);
  if (bindings.length === 0) throw new Error(`@duckdb/${binding} is not installed`);
  return ['@duckdb/node-api', '@duckdb/node-bindings', 'detect-libc']
    .concat(bindings.map((name) => `@duckdb/${name}`))
    .sort()
    .map((name) => ({ name, path: join(modules, name) }));
}
