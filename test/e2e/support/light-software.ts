import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { App } from 'aws-cdk-lib';
import { localContext } from '../../../local/run/synthesize.ts';
import { bundleLambdas, root } from '../../../stacks/bundles.ts';
import { readConfig } from '../../../stacks/config.ts';
import { listFiles, writeTar } from '../../../stacks/deterministic-tar.ts';
import { addStudy } from '../../../stacks/study.ts';
import type { Artifact, WorkerArtifacts } from '../../../stacks/worker-artifacts.ts';
import { imageFolder } from './light-image.ts';

/** The files that workers' software is made from. */
export interface LightSoftware {
  /** Folder with `agent.mjs` and `pipelines/`. */
  readonly agent: string;
  /** Folder of packages: the `node_modules` of the engine. */
  readonly engine: string;
  /** What the shell does before it becomes Node, and what Node is told. @default nothing */
  readonly before?: string;
  readonly flags?: string;
}

/**
 * Synthesizes the stacks into a cloud assembly, with software for workers that is light: what an
 * instance fetches, checks and unpacks is 2 MB in place of 200. Answers the assembly's directory.
 *
 * Lambda bundles and templates are the real ones. Node is a script that runs this process's own.
 * `make` fills a folder that is gone afterwards.
 */
export async function synthesizeLight(
  directory: string,
  make: (folder: string) => Promise<LightSoftware>,
  change: (app: App) => void = () => undefined,
): Promise<string> {
  const built = `${directory}.built`;
  try {
    await mkdir(built, { recursive: true });
    const [artifacts, context] = await Promise.all([
      make(built).then((software) => pack(built, software)),
      readContext(),
      bundleLambdas(),
    ]);
    const app = new App({ analyticsReporting: false, context, outdir: directory });
    addStudy(app, readConfig(app.node), artifacts);
    change(app);
    app.synth();
    await keepSoftware(directory, artifacts);
    return directory;
  } finally {
    await rm(built, { recursive: true, force: true });
  }
}

async function keepSoftware(directory: string, artifacts: WorkerArtifacts): Promise<void> {
  await mkdir(imageFolder(directory));
  for (const name of ['node', 'engine', 'agent'] as const) {
    await copyFile(artifacts[name].path, join(imageFolder(directory), name));
  }
}

async function pack(
  built: string,
  { agent, engine, before = '', flags = '' }: LightSoftware,
): Promise<WorkerArtifacts> {
  const node = join(built, 'node');
  await writeFile(node, `#!/bin/bash\n${before}\nexec '${process.execPath}' ${flags} "$@"\n`);
  return {
    node: await artifact(node),
    engine: await artifact(await packed(engine, 'node_modules')),
    agent: await artifact(await packed(agent, '.')),
  };
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
