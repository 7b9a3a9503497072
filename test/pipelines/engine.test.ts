import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { literal, withEngine } from '../../pipelines/engine.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "engine-o'neill-"));
  for (const name of ['in', 'out', 'tmp']) await mkdir(join(root, name));
  await writeFile(join(root, 'in', 'inside.csv'), 'a\n1\n');
  await writeFile(join(root, 'outside.csv'), 'a\n1\n');
});

afterAll(() => rm(root, { recursive: true }));

function run(sql: string): Promise<void> {
  const directories = {
    input: join(root, 'in'),
    output: join(root, 'out'),
    temporary: join(root, 'tmp'),
  };
  return withEngine(directories, async (connection) => {
    await connection.run(sql);
  });
}

describe('withEngine', () => {
  it('reads the input and writes the output', async () => {
    const input = literal(join(root, 'in', 'inside.csv'));
    const output = literal(join(root, 'out', 'copy.csv'));

    await expect(run(`COPY (FROM read_csv(${input})) TO ${output}`)).resolves.toBeUndefined();
  });

  it('keeps tables in a file on the scratch volume where that is asked for, and leaves none', async () => {
    const temporary = join(root, 'tmp');
    let during: string[] = [];

    await withEngine(
      { input: join(root, 'in'), output: join(root, 'out'), temporary },
      async (connection) => {
        await connection.run('CREATE TABLE numbers AS FROM range(100000)');
        during = await readdir(temporary);
      },
      'scratch',
    );

    expect(during).toContain('engine.db');
    expect(await readdir(temporary)).toEqual([]);
  });

  it.each([
    ['a file beside the input', () => `FROM read_csv(${literal(join(root, 'outside.csv'))})`],
    ['a way up', () => `FROM read_csv(${literal(join(root, 'in', '..', 'outside.csv'))})`],
    ['the password file', () => `FROM read_text('/etc/passwd')`],
    ['the network', () => `FROM read_csv('https://127.0.0.1:9/x.csv')`],
    ['writing beside the output', () => `COPY (SELECT 1) TO ${literal(join(root, 'x.csv'))}`],
    ['another database', () => `ATTACH ${literal(join(root, 'x.db'))}`],
    ['an extension', () => 'LOAD httpfs'],
    ['installing an extension', () => 'INSTALL httpfs'],
    ['opening itself again', () => 'SET enable_external_access = true'],
    ['more memory', () => `SET memory_limit = '10GB'`],
  ])('refuses %s', async (_, sql) => {
    await expect(run(sql())).rejects.toThrow(
      /Permission Error|Cannot change configuration|disabled|locked/,
    );
  });
});
