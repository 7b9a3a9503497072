import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestAssembly } from '../../audit/assembly-digests.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'czar-digests-'));
  const stack = {
    type: 'aws:cloudformation:stack',
    properties: { templateFile: 'Batch.template.json' },
  };
  await writeFile(
    join(folder, 'manifest.json'),
    JSON.stringify({ artifacts: { Batch: stack, Tree: { type: 'cdk:tree' } } }),
  );
  await writeFile(join(folder, 'Batch.template.json'), '{}');
  await mkdir(join(folder, 'asset.one'));
  await writeFile(join(folder, 'asset.one/index.mjs'), 'export {}');
  await mkdir(join(folder, 'asset.two/lib'), { recursive: true });
  await writeFile(join(folder, 'asset.two/lib/b.mjs'), 'b');
  await writeFile(join(folder, 'asset.two/a.mjs'), 'a');
  await writeFile(join(folder, 'asset.three.tar'), 'tar');
});
afterAll(() => rm(folder, { recursive: true }));

it('digests each template and each bundle, in the order of their names', async () => {
  expect(await digestAssembly(folder)).toEqual({
    templates: [{ name: 'Batch.template.json', sha256: sha256('{}') }],
    bundles: [
      { name: 'asset.one', sha256: sha256('export {}') },
      { name: 'asset.three.tar', sha256: sha256('tar') },
      { name: 'asset.two', sha256: sha256(`${sha256('a')}  a.mjs\n${sha256('b')}  lib/b.mjs\n`) },
    ],
  });
});

it('finds a byte that was changed', async () => {
  const before = await digestAssembly(folder);

  await writeFile(join(folder, 'asset.two/lib/b.mjs'), 'c');

  expect(await digestAssembly(folder)).not.toEqual(before);
});
