import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { synthesize } from '../../../local/run/synthesize.ts';
import { bundleAgent } from '../../../stacks/bundles.ts';
import { type LightSoftware, synthesizeLight } from './light-software.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * Folder of the cloud assembly of the test run. In the end-to-end tests its workers have the
     * project's pipelines, and in place of Node and the engine the ones installed here.
     */
    assembly: string;
    /** Folder of the cloud assembly as it is deployed, with all that workers fetch. */
    wholeAssembly: string;
  }
}

const engine = '@duckdb/node-api';

/** Synthesizes the stacks once for all end-to-end tests. */
export default async function synthesizeOnce(project: TestProject): Promise<() => Promise<void>> {
  process.env.CDK_VALIDATION = 'false';
  const folder = await mkdtemp(join(tmpdir(), 'czar-assembly-'));
  const whole = join(folder, 'whole');
  await synthesize(whole);
  project.provide('wholeAssembly', whole);
  project.provide('assembly', await synthesizeLight(join(folder, 'light'), ownSoftware));
  return () => rm(folder, { recursive: true, force: true });
}

async function ownSoftware(built: string): Promise<LightSoftware> {
  const software = { agent: join(built, 'agent'), engine: join(built, 'engine') };
  await bundleAgent(software.agent);
  const own = join(software.engine, engine);
  await mkdir(own, { recursive: true });
  await writeFile(join(own, 'package.json'), JSON.stringify({ name: engine, main: 'index.js' }));
  const installed = createRequire(import.meta.url).resolve(engine);
  await writeFile(
    join(own, 'index.js'),
    `module.exports = require(${JSON.stringify(installed)});\n`,
  );
  return software;
}
