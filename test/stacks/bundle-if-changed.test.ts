import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleIfChanged } from '../../stacks/bundle-if-changed.ts';

let root: string;
let runs: number;

/** Counts runs of esbuild; what it makes up is in no file. */
const counting: Plugin = {
  name: 'counting',
  setup(build) {
    build.onStart(() => void (runs += 1));
    build.onResolve({ filter: /^made-up$/ }, ({ path }) => ({ path, namespace: 'nowhere' }));
    build.onLoad({ filter: /./, namespace: 'nowhere' }, () => ({ contents: 'export default 1' }));
  },
};

beforeEach(async () => {
  runs = 0;
  root = await mkdtemp(join(tmpdir(), 'czar-bundle-'));
  await mkdir(join(root, 'source'));
  await write(
    'source/main.ts',
    `import one from 'made-up'; import { two } from './two'; console.log(one, two);`,
  );
  await write('source/two.ts', 'export const two: number = 2;');
  await write('lock.json', '{}');
});

afterEach(() => rm(root, { recursive: true, force: true }));

const write = (path: string, text: string): Promise<void> => writeFile(join(root, path), text);
const bundled = (): Promise<string> => readFile(join(root, 'out', 'main.js'), 'utf8');

function bundle(options: BuildOptions = {}): Promise<void> {
  return bundleIfChanged(
    {
      bundle: true,
      entryPoints: ['source/main.ts'],
      outdir: join(root, 'out'),
      absWorkingDir: root,
      plugins: [counting],
      logLevel: 'silent',
      ...options,
    },
    ['lock.json'],
  );
}

describe('a bundle', () => {
  it('is not made again where nothing has changed', async () => {
    await bundle();
    const first = await bundled();

    await bundle();

    expect(runs).toBe(1);
    expect(await bundled()).toBe(first);
  });

  it.each([
    ['a source', () => write('source/two.ts', 'export const two = 22;')],
    ['what packages there are', () => write('lock.json', '{"changed":true}')],
    ['the bundle itself', () => write('out/main.js', 'tampered')],
    ['the note of the last run', () => write('out/bundled.json', '{"changed":true}')],
  ])('is made again where %s has changed', async (_what, change) => {
    await bundle();
    await change();

    await bundle();

    expect(runs).toBe(2);
    expect(await bundled()).toContain('console.log');
  });

  it.each(['source/two.ts', 'out/main.js', 'out/bundled.json'])(
    'is made again, or refused, where %s is gone',
    async (path) => {
      await bundle();
      await rm(join(root, path));

      const again = await bundle().then(
        () => bundled(),
        () => 'refused',
      );

      expect(runs).toBe(2);
      expect(again).toContain(path === 'source/two.ts' ? 'refused' : 'console.log');
    },
  );

  it('is made again where it is asked for otherwise', async () => {
    await bundle();

    await bundle({ minify: true });

    expect(runs).toBe(2);
  });
});
