import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { synthesize } from '../../../local/run/synthesize.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the cloud assembly that all end-to-end tests run. */
    assembly: string;
  }
}

/** Synthesizes the stacks once for all end-to-end tests. */
export default async function synthesizeOnce(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'czar-assembly-'));
  const assembly = join(folder, 'assembly');
  await synthesize(assembly);
  project.provide('assembly', assembly);
  return () => rm(folder, { recursive: true, force: true });
}
