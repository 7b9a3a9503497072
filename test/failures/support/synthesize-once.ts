import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { synthesizeObedient } from '../../e2e/support/synthesize-obedient.ts';

/** Synthesizes the stacks with the pipeline `obedient` once for all of the failure prover. */
export default async function synthesizeOnce(project: TestProject): Promise<() => Promise<void>> {
  process.env.CDK_VALIDATION = 'false';
  const folder = await mkdtemp(join(tmpdir(), 'czar-obedient-'));
  project.provide('assembly', await synthesizeObedient(join(folder, 'assembly')));
  return () => rm(folder, { recursive: true, force: true });
}
