import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { bundleLambdas, root } from '../../stacks/bundles.ts';
import { readConfig } from '../../stacks/config.ts';
import { lambdaDirectory } from '../../stacks/lambda-code.ts';
import { addStudy } from '../../stacks/study.ts';
import type { Artifact, StudyArtifacts } from '../../stacks/worker-artifacts.ts';

/** A resource of a template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: string | string[];
}

/** A template as a test reads it. A test that breaks one breaks a copy. */
export interface StackTemplate {
  readonly Resources: Record<string, TemplateResource>;
  readonly Outputs?: Record<string, unknown>;
}

/** A synthesized study: its app, and its templates by the stack's id. */
export interface Study {
  readonly app: App;
  readonly templates: Readonly<Record<string, StackTemplate>>;
}

const { context: defaults } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as {
  context: Record<string, unknown>;
};

/** Stands for the workers' real software, some 200 MB of it: the templates know digests only. */
function artifact(name: string): Artifact {
  const path = join(root, 'dist', 'test-artifacts', name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, name);
  return { path, sha256: createHash('sha256').update(name).digest('hex') };
}

export const testArtifacts: StudyArtifacts = {
  node: artifact('node'),
  engine: artifact('engine.tar'),
  agent: artifact('agent.tar'),
  poller: artifact('poller.tar'),
};

/** Any bundle will do: a template knows where a function's code is, and not what it does. */
async function bundleWhatIsMissing(): Promise<void> {
  const tasks = globSync('*/handler.ts', { cwd: join(root, 'tasks') }).map((path) => dirname(path));
  if (!tasks.every((task) => existsSync(join(lambdaDirectory, task, 'index.mjs')))) {
    await bundleLambdas();
  }
}

const bundled = bundleWhatIsMissing();
const synthesized = new Map<string, Promise<Study>>();

/** Makes a value and all in it read-only: who breaks a template that others test finds out, and copies it. */
function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

/** Synthesizes a study with cdk.json's context and what a test adds; once per process and context. */
export function synthesize(context: Record<string, unknown> = {}): Promise<Study> {
  const key = JSON.stringify(context);
  const known = synthesized.get(key);
  if (known !== undefined) return known;
  const study = synthesizeNow(context);
  synthesized.set(key, study);
  return study;
}

async function synthesizeNow(context: Record<string, unknown>): Promise<Study> {
  const app = await addTestStudy(context);
  const { stacks } = app.synth();
  const templates = stacks.map(
    ({ id, template }) => [id, frozen(template as StackTemplate)] as const,
  );
  return { app, templates: Object.fromEntries(templates) };
}

/** A study's app before its synthesis, for a test to change. */
export async function addTestStudy(context: Record<string, unknown> = {}): Promise<App> {
  await bundled;
  const app = new App({ analyticsReporting: false, context: { ...defaults, ...context } });
  addStudy(app, readConfig(app.node), testArtifacts);
  return app;
}
