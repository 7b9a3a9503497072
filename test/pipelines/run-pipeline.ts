import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundlePipelines } from '../../pipelines/build.ts';
import { runEnvironment, type PipelineRun } from '../../pipelines/contract.ts';
import { findPipeline, type Pipeline } from '../../pipelines/registry.ts';

const nodeModules = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** How a child process ended, and all it left. */
export interface Outcome {
  exitCode: number | null;
  printed: string;
  files: Map<string, Buffer>;
  reason: string | undefined;
  /** What is left in the temporary directory. */
  left: string[];
}

/** The bundled pipeline in a directory of its own, run as the worker runs it. */
export class PipelineBench {
  readonly root: string;
  readonly pipeline: Pipeline;
  #runs = 0;

  private constructor(root: string, pipeline: Pipeline) {
    this.root = root;
    this.pipeline = pipeline;
  }

  static async open(name: string): Promise<PipelineBench> {
    const root = await mkdtemp(join(tmpdir(), 'pipelines-'));
    await symlink(nodeModules, join(root, 'node_modules'));
    await bundlePipelines(join(root, 'pipelines'));
    return new PipelineBench(root, await findPipeline(join(root, 'pipelines'), name));
  }

  async close(): Promise<void> {
    await rm(this.root, { recursive: true });
  }

  /** Runs `process` on one object. */
  async process(object: string | Buffer): Promise<Outcome> {
    const run = await this.#prepare();
    await writeFile(join(run.input, 'object'), object);
    const named = { objectId: 'bcdfghjk', mediaType: 'text/csv' };
    return this.#run(this.pipeline.processEntry, { ...run, object: named });
  }

  /** Runs `process` with an input directory that is empty. */
  async processWithoutObject(): Promise<Outcome> {
    return this.#run(this.pipeline.processEntry, await this.#prepare());
  }

  /** Runs `consolidate` on the outputs of objects, in directories of these names. */
  async consolidate(outputs: ReadonlyMap<string, Outcome['files']>): Promise<Outcome> {
    const run = await this.#prepare();
    for (const [objectId, files] of outputs) {
      await mkdir(join(run.input, objectId));
      for (const [name, content] of files) {
        await writeFile(join(run.input, objectId, name), content);
      }
    }
    return this.#run(this.pipeline.consolidateEntry, run);
  }

  /** Runs `process` on each object, two at a time. */
  async processAll(objects: readonly (string | Buffer)[]): Promise<Outcome['files'][]> {
    const outputs: Outcome['files'][] = [];
    const queue = [...objects.entries()];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const outcome = await this.process(next[1]);
        if (outcome.exitCode !== 0) throw new Error(`Object ${next[0]}: exit ${outcome.exitCode}`);
        outputs[next[0]] = outcome.files;
      }
    };
    await Promise.all([work(), work()]);
    return outputs;
  }

  /** Runs `process` on each object and `consolidate` on what they leave. */
  async runStudy(objects: readonly (string | Buffer)[]): Promise<Outcome> {
    return this.consolidate(numbered(await this.processAll(objects)));
  }

  async #prepare(): Promise<PipelineRun> {
    const directory = join(this.root, `run-${this.#runs++}`);
    const at = (name: string): string => join(directory, name);
    const run = { input: at('in'), output: at('out'), reference: at('ref'), temporary: at('tmp') };
    for (const path of Object.values(run)) await mkdir(path, { recursive: true });
    return run;
  }

  async #run(entry: string, run: PipelineRun): Promise<Outcome> {
    const child = spawn(process.execPath, [entry], {
      env: runEnvironment(run),
      cwd: run.temporary,
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    const files = new Map<string, Buffer>();
    for (const name of (await readdir(run.output)).sort()) {
      files.set(name, await readFile(join(run.output, name)));
    }
    const left = await readdir(run.temporary);
    await rm(run.input, { recursive: true });
    return {
      exitCode,
      printed: Buffer.concat(chunks).toString(),
      files,
      reason: files.get('.reason')?.toString().trim(),
      left,
    };
  }
}

/** Outputs under the ids object-000, object-001 and so on. */
export function numbered(outputs: readonly Outcome['files'][]): Map<string, Outcome['files']> {
  return new Map(
    outputs.map((files, index) => [`object-${String(index).padStart(3, '0')}`, files]),
  );
}

/** A file of an outcome as text. */
export function textOf(outcome: Outcome, name: string): string {
  const content = outcome.files.get(name);
  if (content === undefined) throw new Error(`There is no ${name}.`);
  return content.toString();
}

/** A CSV without quotes as rows of named cells. */
export function rowsOf(csv: string): Record<string, string>[] {
  const [names = [], ...rows] = csv
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  return rows.map((cells) => Object.fromEntries(cells.map((cell, i) => [names[i] ?? '', cell])));
}
