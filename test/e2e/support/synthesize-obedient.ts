import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { build } from 'esbuild';
import * as z from 'zod';
import type { PipelineContract } from '../../../pipelines/contract.ts';
import { localContext } from '../../../local/run/synthesize.ts';
import type { ImageSoftware } from '../../../local/services/ec2/image.ts';
import { bundleAgent, bundleLambdas, root } from '../../../stacks/bundles.ts';
import { readConfig } from '../../../stacks/config.ts';
import { listFiles, writeTar } from '../../../stacks/deterministic-tar.ts';
import { addStudy } from '../../../stacks/study.ts';
import type { Artifact, WorkerArtifacts } from '../../../stacks/worker-artifacts.ts';

const source = fileURLToPath(new URL('obedient-pipeline/', import.meta.url));
const contract = join(source, 'pipeline.json');
const entries = [
  new URL('obedient-pipeline/process.ts', import.meta.url),
  new URL('obedient-pipeline/consolidate.ts', import.meta.url),
].map((url) => fileURLToPath(url));

const preloaded = new URL('hurt-agent.ts', import.meta.url);

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
 * Agent, Lambda bundles and templates are the real ones. Node is a script that runs this process's
 * own, and there is no engine: what an instance fetches, checks and unpacks is 2 MB in place of 200.
 */
export async function synthesizeObedient(
  directory: string,
  options: ObedientOptions = {},
): Promise<string> {
  const built = `${directory}.built`;
  try {
    const [artifacts, context] = await Promise.all([
      buildArtifacts(built, options),
      readContext(),
      bundleLambdas(),
    ]);
    const app = new App({ analyticsReporting: false, context, outdir: directory });
    addStudy(app, readConfig(app.node), artifacts);
    knowObedient(app);
    app.synth();
    await keepSoftware(directory, artifacts);
    return directory;
  } finally {
    await rm(built, { recursive: true, force: true });
  }
}

/** Where machines look for what the launch template names. */
const installed = {
  node: 'bin/node',
  engine: 'artifacts/engine.tar',
  agent: 'artifacts/agent.tar',
} as const;

/** The workers' software of an assembly that {@link synthesizeObedient} made, for an image that brings all of it. */
export function obedientImage(directory: string): ImageSoftware {
  return Object.fromEntries(
    Object.entries(installed).map(([name, place]) => [place, join(`${directory}.image`, name)]),
  );
}

async function keepSoftware(directory: string, artifacts: WorkerArtifacts): Promise<void> {
  await mkdir(`${directory}.image`);
  for (const name of ['node', 'engine', 'agent'] as const) {
    await copyFile(artifacts[name].path, join(`${directory}.image`, name));
  }
}

async function buildArtifacts(
  built: string,
  { limits, faults }: ObedientOptions,
): Promise<WorkerArtifacts> {
  await mkdir(built, { recursive: true });
  const [agent, engine] = await Promise.all([buildAgent(built, limits), buildEngine(built)]);
  const node = join(built, 'node');
  const hurt = faults === undefined ? '' : ` --import '${fileURLToPath(preloaded)}'`;
  await writeFile(
    node,
    `#!/bin/bash\nexport CZAR_TEST_FAULTS='${faults ?? ''}'\nexec '${process.execPath}'${hurt} "$@"\n`,
  );
  return {
    node: await artifact(node),
    engine: await artifact(engine),
    agent: await artifact(agent),
  };
}

async function buildAgent(built: string, limits: ObedientOptions['limits']): Promise<string> {
  const agent = join(built, 'agent');
  await bundleAgent(agent);
  await rm(join(agent, 'pipelines'), { recursive: true });
  await bundleObedient(join(agent, 'pipelines', obedientPipeline), limits);
  return packed(agent, '.');
}

async function buildEngine(built: string): Promise<string> {
  const engine = join(built, 'engine');
  await mkdir(engine);
  await writeFile(join(engine, 'README'), 'The pipeline needs no engine.\n');
  return packed(engine, 'node_modules');
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

async function packed(directory: string, prefix: string): Promise<string> {
  const tar = join(dirname(directory), `${prefix === '.' ? 'agent' : 'engine'}.tar`);
  await writeTar(tar, await listFiles(directory, prefix));
  return tar;
}

async function artifact(path: string): Promise<Artifact> {
  return {
    path,
    sha256: createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  };
}

async function readContext(): Promise<Record<string, unknown>> {
  const { context } = JSON.parse(await readFile(join(root, 'cdk.json'), 'utf8')) as {
    context: Record<string, unknown>;
  };
  return { ...context, ...localContext };
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
