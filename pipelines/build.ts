import { globSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { contractFileName } from './contract.ts';

const source = fileURLToPath(new URL('.', import.meta.url));

/**
 * Bundles every pipeline of this folder: `<outDirectory>/<name>/{pipeline.json,process.mjs,consolidate.mjs}`.
 *
 * The engine `@duckdb/node-api` stays outside, because it is native: at run time it is found in a
 * `node_modules` directory above the bundles. Everything else is inside. The same source gives the
 * same bytes.
 */
export async function bundlePipelines(outDirectory: string): Promise<void> {
  const names = ownPipelines();
  await build({
    entryPoints: names.flatMap((name) =>
      ['process', 'consolidate'].map((entry) => ({
        in: join(source, name, `${entry}.ts`),
        out: join(name, entry),
      })),
    ),
    outdir: outDirectory,
    absWorkingDir: source,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    external: ['@duckdb/node-api'],
    legalComments: 'none',
    logLevel: 'silent',
  });
  for (const name of names) {
    await mkdir(join(outDirectory, name), { recursive: true });
    await copyFile(
      join(source, name, contractFileName),
      join(outDirectory, name, contractFileName),
    );
  }
}

/** The folders here that have a contract: the others hold what several pipelines use. */
function ownPipelines(): string[] {
  return globSync(`*/${contractFileName}`, { cwd: source }).map(dirname).sort();
}
