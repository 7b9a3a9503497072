import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../stacks/bundles.ts';
import { leanBuiltins } from '../../stacks/lean-builtins.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'czar-lean-builtins-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Bundles a module and runs it; answers what it printed. */
async function run(name: string, source: string, plugins: Plugin[]): Promise<string> {
  const outfile = join(directory, `${name}.mjs`);
  await build({
    stdin: { contents: source, resolveDir: root },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    plugins,
    banner: {
      js: "import{createRequire as czarRequire}from'node:module';const require=czarRequire(import.meta.url);",
    },
  });
  const { stdout } = await promisify(execFile)(process.execPath, [outfile]);
  return stdout.trim();
}

describe("Node's own modules in a bundle", () => {
  it('are what an import of them is, whichever way they are asked for', async () => {
    const source = `
      import http, { request } from 'http';
      import * as files from 'node:fs/promises';
      const path = await import('node:path');
      console.log(http.request === request, typeof files.readFile, path.sep, typeof path.default.join);`;

    expect(await run('ways', source, [leanBuiltins])).toBe('true function / function');
  });

  it('do not load the WebSocket client of node:http, which an import does', async () => {
    const source = `
      import http from 'node:http';
      console.log(typeof http.request, process.moduleLoadList.some((name) => name.includes('undici')));`;

    expect(await run('plain', source, [])).toBe('function true');
    expect(await run('lean', source, [leanBuiltins])).toBe('function false');
  });
});
