import { copyFile, glob, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';
import { bundlePipelines } from '../pipelines/build.ts';
import { bundleIfChanged } from './bundle-if-changed.ts';
import { lambdaDirectory } from './lambda-code.ts';
import { leanBuiltins } from './lean-builtins.ts';
import { leanSdk } from './lean-sdk.ts';

/** The repository's root. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The SDK is inside the bundle, from its ES modules: half the size, and a third of the time to load.
 *
 * The banner is for what loads Node's own modules by `require`: packages in it, and `leanBuiltins`.
 */
const forNode24: BuildOptions = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  plugins: [leanSdk, leanBuiltins],
  outExtension: { '.js': '.mjs' },
  banner: {
    js: "import{createRequire as czarRequire}from'node:module';const require=czarRequire(import.meta.url);",
  },
  absWorkingDir: root,
  legalComments: 'none',
  logLevel: 'silent',
};

/**
 * Sources of credentials that the SDK tries where the environment has none, and loads only then.
 * Lambda's always has them.
 */
const unusedInLambda = [
  '@aws-sdk/credential-provider-http',
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-web-identity',
  '@smithy/credential-provider-imds',
];

/** Bundles as they were made last, by the folders of their sources. */
const bundleDirectory = join(root, 'dist', 'bundles');

/** What decides of a bundle besides the sources in it. */
const makers = [
  'package-lock.json',
  'tsconfig.json',
  'stacks/bundles.ts',
  'stacks/lean-builtins.ts',
  'stacks/lean-sdk.ts',
];

/**
 * Bundles every `tasks/<name>/handler.ts` into `dist/lambda/<name>/index.mjs`, in one run of
 * esbuild: a run per function, as `NodejsFunction` does, takes almost a second each.
 */
export async function bundleLambdas(): Promise<void> {
  const handlers = await Array.fromAsync(glob('tasks/*/handler.ts', { cwd: root }));
  await bundleIfChanged(
    {
      ...forNode24,
      entryPoints: handlers
        .sort()
        .map((handler) => ({ in: handler, out: join(basename(dirname(handler)), 'index') })),
      outdir: lambdaDirectory,
      absWorkingDir: root,
      external: unusedInLambda,
    },
    makers,
  );
}

/**
 * Bundles what a worker runs: `agent.mjs` and `pipelines/<name>/…` in a directory emptied before.
 *
 * The engine stays outside, because it is native; on the worker it lies in a `node_modules` above.
 */
export async function bundleAgent(outDirectory: string): Promise<void> {
  await bundleProgram('worker/agent.ts', ['@duckdb/node-api'], outDirectory);
  await bundlePipelines(join(outDirectory, 'pipelines'));
}

/** Bundles what E runs: `agent.mjs` in a directory emptied before. */
export async function bundlePoller(outDirectory: string): Promise<void> {
  await bundleProgram('ingest/poller/agent.ts', [], outDirectory);
}

async function bundleProgram(
  source: string,
  external: readonly string[],
  outDirectory: string,
): Promise<void> {
  const outdir = join(bundleDirectory, dirname(source));
  await bundleIfChanged(
    {
      ...forNode24,
      entryPoints: [{ in: source, out: 'agent' }],
      outdir,
      absWorkingDir: root,
      external: [...external],
    },
    makers,
  );
  await rm(outDirectory, { recursive: true, force: true });
  await mkdir(outDirectory, { recursive: true });
  await copyFile(join(outdir, 'agent.mjs'), join(outDirectory, 'agent.mjs'));
}
