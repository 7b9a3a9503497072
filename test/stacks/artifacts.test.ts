import { execFile } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleLambdas } from '../../stacks/bundles.ts';
import { replaceFile } from '../../stacks/replace-file.ts';
import { listFiles, writeTar } from '../../stacks/deterministic-tar.ts';
import { lambdaDirectory } from '../../stacks/lambda-code.ts';
import { platformModules } from '../../stacks/platform-modules.ts';

const run = promisify(execFile);

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'czar-artifacts-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** A small tree of files, with times and modes that differ from call to call. */
async function tree(name: string, changedAt: Date): Promise<string> {
  const root = join(directory, name);
  await mkdir(join(root, 'lib'), { recursive: true });
  for (const file of ['z.js', 'a.js', 'lib/m.node']) {
    await writeFile(join(root, file), `contents of ${file}`);
    await utimes(join(root, file), changedAt, changedAt);
  }
  await chmod(join(root, 'a.js'), name === 'one' ? 0o600 : 0o664);
  await chmod(join(root, 'lib/m.node'), 0o755);
  return root;
}

async function tarOf(root: string): Promise<string> {
  const path = `${root}.tar`;
  await writeTar(path, await listFiles(root, 'node_modules/x'));
  return path;
}

describe('a tar of files', () => {
  it('has the same bytes wherever and whenever it is made', async () => {
    const one = await tarOf(await tree('one', new Date('2017-01-25T00:00:00Z')));
    const other = await tarOf(await tree('other', new Date('2026-01-25T00:00:00Z')));

    expect((await readFile(one)).equals(await readFile(other))).toBe(true);
  });

  it('has other bytes when a file differs', async () => {
    const one = await tree('one', new Date(0));
    const other = await tree('other', new Date(0));
    await writeFile(join(other, 'z.js'), 'contents of z.jS');

    const [left, right] = await Promise.all([one, other].map(tarOf));

    expect((await readFile(left!)).equals(await readFile(right!))).toBe(false);
  });

  it('is read by tar, with what may be run still runnable', async () => {
    const tar = await tarOf(await tree('one', new Date()));

    await run('tar', ['-xf', tar, '-C', directory]);

    const unpacked = join(directory, 'node_modules/x');
    expect(await readdir(unpacked)).toEqual(['a.js', 'lib', 'z.js']);
    expect((await stat(join(unpacked, 'lib/m.node'))).mode & 0o111).not.toBe(0);
    expect((await stat(join(unpacked, 'z.js'))).mode & 0o111).toBe(0);
  });

  it('is not made of links', async () => {
    const root = await tree('one', new Date());
    await symlink('z.js', join(root, 'link.js'));

    await expect(listFiles(root, 'x')).rejects.toThrow('cannot pack x/link.js');
  });
});

describe('a file that is replaced', () => {
  it('is left alone where it has these bytes already', async () => {
    const path = join(directory, 'new', 'file');
    await replaceFile(path, Buffer.from('one'));
    await utimes(path, new Date(0), new Date(0));

    await replaceFile(path, Buffer.from('one'));
    const untouched = (await stat(path)).mtimeMs;
    await replaceFile(path, Buffer.from('two'));

    expect(untouched).toBe(0);
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(join(directory, 'new'))).toEqual(['file']);
  });
});

describe('the bundles of the functions', () => {
  beforeAll(bundleLambdas);

  /**
   * Bytes that a handler may have, a KB being 1,024. The sweep has eight clients, one of them EC2's.
   * What writes evidence draws and lays out a whole report, and nobody waits for it.
   */
  const plain = 450 * 1024;
  const budgets: Record<string, number> = {
    sweep: 550 * 1024,
    'write-evidence': 750 * 1024,
  };

  it('are one for each task, and load in Node by themselves', async () => {
    const handlers = await readdir(join(import.meta.dirname, '../../tasks'), { recursive: true });
    const tasks = handlers
      .filter((path) => path.endsWith('/handler.ts'))
      .map((path) => path.split('/')[0]!);

    expect(tasks).toContain('publish-artifact');
    for (const task of tasks) {
      const bundle = await readFile(join(lambdaDirectory, task, 'index.mjs'), 'utf8');
      const limit = budgets[task] ?? plain;
      expect([task, bundle.length < limit]).toEqual([task, true]);
    }
  });

  it('run without node_modules', async () => {
    const copy = join(directory, 'index.mjs');
    await writeFile(copy, await readFile(join(lambdaDirectory, 'publish-artifact', 'index.mjs')));

    const { stdout } = await run(process.execPath, [
      '--input-type=module',
      '--eval',
      `console.log(typeof (await import(${JSON.stringify(copy)})).handler)`,
    ]);

    expect(stdout).toBe('function\n');
  });
});

describe('the platform of workers', () => {
  it('has a node and an engine on this very host', async () => {
    const { nodePath, engine } = await platformModules('host');

    expect(nodePath).toBe(process.execPath);
    expect(engine.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['@duckdb/node-api', '@duckdb/node-bindings', 'detect-libc']),
    );
    for (const { path } of engine) expect((await stat(path)).isDirectory()).toBe(true);
  });
});
