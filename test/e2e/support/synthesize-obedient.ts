import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type App, Stack } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { build } from 'esbuild';
import * as z from 'zod';
import type { PipelineContract } from '../../../pipelines/contract.ts';
import { bundleAgent } from '../../../stacks/bundles.ts';
import { synthesizeLight } from './light-software.ts';

const source = fileURLToPath(new URL('obedient-pipeline/', import.meta.url));
const contract = join(source, 'pipeline.json');
const entries = [
  new URL('obedient-pipeline/process.ts', import.meta.url),
  new URL('obedient-pipeline/consolidate.ts', import.meta.url),
].map((url) => fileURLToPath(url));

const preloaded = fileURLToPath(new URL('hurt-agent.ts', import.meta.url));

/** The pipeline whose objects say what it does: see obedient-pipeline/deeds.ts. */
export const obedientPipeline = 'obedient';

/** How the workers' software differs from what the pipeline declares and the machine offers. */
export interface ObedientOptions {
  readonly limits?: Partial<PipelineContract['limits']>;
  /** A folder of faults that agents take: see agent-fault.ts. */
  readonly faults?: string;
}

/**
 * Synthesizes the stacks with one pipeline, `obedient`, into a cloud assembly; answers its directory.
 *
 * The agent is the real one, and there is no engine.
 */
export async function synthesizeObedient(
  directory: string,
  { limits, faults }: ObedientOptions = {},
): Promise<string> {
  return synthesizeLight(
    directory,
    async (built) => ({
      agent: await buildAgent(built, limits),
      engine: await buildEngine(built),
      before: `export CZAR_TEST_FAULTS='${faults ?? ''}'`,
      flags: faults === undefined ? '' : `--import '${preloaded}'`,
    }),
    knowObedient,
  );
}

async function buildAgent(built: string, limits: ObedientOptions['limits']): Promise<string> {
  const agent = join(built, 'agent');
  await bundleAgent(agent);
  await rm(join(agent, 'pipelines'), { recursive: true });
  await bundleObedient(join(agent, 'pipelines', obedientPipeline), limits);
  return agent;
}

async function buildEngine(built: string): Promise<string> {
  const engine = join(built, 'engine');
  await mkdir(engine);
  await writeFile(join(engine, 'README'), 'The pipeline needs no engine.\n');
  return engine;
}

/** Bundles the pipeline into its folder beside an agent. */
export async function bundleObedient(
  folder: string,
  limits?: ObedientOptions['limits'],
): Promise<void> {
  await build({
    entryPoints: entries,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'silent',
  });
  const declared = JSON.parse(await readFile(contract, 'utf8')) as { limits: object };
  const changed = { ...declared, limits: { ...declared.limits, ...limits } };
  await writeFile(join(folder, 'pipeline.json'), JSON.stringify(changed));
}

const ToldPipelines = z.object({ variables: z.object({ PIPELINES: z.string() }) });

/** The stacks know the pipelines of the folder `pipelines/` only: Validate Request is told of this one. */
function knowObedient(app: App): void {
  const told = app.node
    .findAll()
    .filter((construct) => construct instanceof CfnFunction)
    .filter(
      (construct) =>
        ToldPipelines.safeParse(Stack.of(construct).resolve(construct.environment)).success,
    );
  if (told.length === 0) throw new Error('no function is told the names of the pipelines');
  for (const construct of told) {
    construct.addPropertyOverride('Environment.Variables.PIPELINES', obedientPipeline);
  }
}
