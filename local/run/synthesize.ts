import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { compileCache } from './compile-cache.ts';

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

const CdkJson = z.looseObject({ context: z.record(z.string(), z.unknown()) });

/** Context values that a local run gives where a deployment asks a person. */
export const localContext: Readonly<Record<string, string>> = {
  notifyEmail: 'team@czarhipaa.example',
  uploadCidrs: '127.0.0.0/8',
  workerPlatform: 'host',
};

/**
 * Synthesizes the stacks into a cloud assembly, as `cdk synth` does, with the same app and context.
 *
 * The CDK command line is left out because it only passes these variables on, in twice the time;
 * CDK's template validator is for `npm run synth`.
 *
 * @throws Error with what the app wrote to stderr, or when `signal` ended it.
 */
export async function synthesize(
  outDirectory: string,
  context: Readonly<Record<string, string>> = localContext,
  signal?: AbortSignal,
): Promise<void> {
  await rm(outDirectory, { recursive: true, force: true });
  const cdk = CdkJson.parse(JSON.parse(await readFile(join(projectRoot, 'cdk.json'), 'utf8')));
  await new Promise<void>((resolve, reject) => {
    const app = spawn(process.execPath, ['stacks/app.ts'], {
      cwd: projectRoot,
      env: {
        ...process.env,
        CDK_OUTDIR: outDirectory,
        CDK_CONTEXT_JSON: JSON.stringify({ ...cdk.context, ...context }),
        CDK_VALIDATION: 'false',
        NODE_COMPILE_CACHE: compileCache,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const kill = (): boolean => app.kill('SIGKILL');
    signal?.addEventListener('abort', kill, { once: true });
    let complaint = '';
    app.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      complaint += chunk;
    });
    app.on('error', reject);
    app.on('exit', (code) => {
      signal?.removeEventListener('abort', kill);
      if (code === 0) resolve();
      else reject(new Error(`the stacks could not be synthesized\n${complaint}`));
    });
  });
}
