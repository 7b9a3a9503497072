import { mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createReadStream, createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDecryptor } from '../../envelope/decryptor.ts';
import { createEncryptor } from '../../envelope/encryptor.ts';
import { listOutput, packOutput } from '../../worker/pack-output.ts';
import { unpackTarFile } from '../../runtime/unpack-tar.ts';
import { FakeKms, keyArn, place } from '../envelope/fake-kms.ts';
import { sha256 } from './fake-cloud.ts';

const never = new AbortController().signal;
const envelope = { kms: new FakeKms().client, keyArn, place, kind: 'result' } as const;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tar-test-'));
  await mkdir(join(directory, 'output'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Writes files into the output directory. */
async function produce(files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(directory, 'output', name, '..'), { recursive: true });
    await writeFile(join(directory, 'output', name), content);
  }
}

/** Packs the output directory and gives the plain tar. */
async function packed(name = 'packed'): Promise<Buffer> {
  const path = join(directory, name);
  const files = await listOutput(join(directory, 'output'));
  const digest = await packOutput(files, createEncryptor(envelope), path, never);
  expect(digest).toEqual({
    sizeBytes: (await stat(path)).size,
    sha256: sha256(await readFile(path)),
  });
  return buffer(createDecryptor(envelope).decrypt(createReadStream(path)));
}

describe('packOutput', () => {
  it('gives the same tar for the same files, whenever and in whatever order they came', async () => {
    await produce({ 'b.csv': 'b', 'a/deep.csv': 'deep', 'a.csv': '' });
    const first = await packed('first');
    await rm(join(directory, 'output'), { recursive: true });
    await produce({ 'a.csv': '', 'a/deep.csv': 'deep', 'b.csv': 'b' });
    await utimes(join(directory, 'output', 'b.csv'), 1, 1);

    const second = await packed('second');

    expect(second.equals(first)).toBe(true);
  });

  it('is for the owner only', async () => {
    await produce({ 'a.csv': 'a' });

    await packed();

    expect((await stat(join(directory, 'packed'))).mode & 0o777).toBe(0o600);
  });

  it('takes names too long for a plain tar header', async () => {
    const name = `${'d'.repeat(120)}/${'f'.repeat(200)}`;
    await produce({ [name]: 'x' });
    await writeFile(join(directory, 'tar'), await packed());

    await unpackTarFile(join(directory, 'tar'), join(directory, 'unpacked'), never);

    expect(await readFile(join(directory, 'unpacked', name), 'utf8')).toBe('x');
  });

  it('refuses a link: it could point at another object', async () => {
    await symlink('/etc/hostname', join(directory, 'output', 'link'));

    await expect(listOutput(join(directory, 'output'))).rejects.toMatchObject({
      code: 'OutputError',
    });
  });

  it('ends with the error of a file that vanished, and of a disk that is full', async () => {
    await produce({ 'a.csv': 'a' });
    const files = await listOutput(join(directory, 'output'));
    const encryptor = createEncryptor(envelope);
    const nowhere = join(directory, 'no', 'such', 'directory');

    await expect(packOutput(files, encryptor, nowhere, never)).rejects.toThrow();
    await rm(join(directory, 'output', 'a.csv'));
    await expect(packOutput(files, encryptor, join(directory, 'x'), never)).rejects.toThrow(
      'ENOENT',
    );
  });
});

describe('unpackTarFile', () => {
  it('gives back what was packed', async () => {
    await produce({ 'b.csv': 'b'.repeat(300_000), 'a/deep.csv': 'deep', 'a.csv': '' });
    await writeFile(join(directory, 'tar'), await packed());

    await unpackTarFile(join(directory, 'tar'), join(directory, 'unpacked'), never);

    const files = await listOutput(join(directory, 'unpacked'));
    expect(files.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
      ['a.csv', 0],
      ['a/deep.csv', 4],
      ['b.csv', 300_000],
    ]);
  });

  it.each([
    ['an absolute path', { name: '/etc/passwd' }],
    ['a path upwards', { name: 'a/../../escaped' }],
    ['a link', { name: 'link', type: 'symlink' as const, linkname: '/etc/passwd' }],
    ['a hard link', { name: 'link', type: 'link' as const, linkname: 'a.csv' }],
    ['a device', { name: 'device', type: 'character-device' as const }],
  ])('refuses %s', async (_what, header) => {
    const tar = pack();
    tar.entry({ name: 'a.csv' }, 'fine');
    tar.entry(header, '');
    tar.finalize();
    await pipeline(tar, createWriteStream(join(directory, 'tar')));

    const work = unpackTarFile(join(directory, 'tar'), join(directory, 'unpacked'), never);

    await expect(work).rejects.toMatchObject({ code: 'UnsafeTarError' });
    expect(await listOutput(join(directory, 'unpacked'))).toHaveLength(1);
  });

  it('refuses to write a file twice', async () => {
    const tar = pack();
    tar.entry({ name: 'a.csv' }, 'first');
    tar.entry({ name: 'a.csv' }, 'second');
    tar.finalize();
    await pipeline(tar, createWriteStream(join(directory, 'tar')));

    const work = unpackTarFile(join(directory, 'tar'), join(directory, 'unpacked'), never);

    await expect(work).rejects.toMatchObject({ code: 'UnsafeTarError' });
    expect(await readFile(join(directory, 'unpacked', 'a.csv'), 'utf8')).toBe('first');
  });

  it('refuses a tar that is cut', async () => {
    await produce({ 'b.csv': 'b'.repeat(300_000) });
    const tar = await packed();
    await writeFile(join(directory, 'tar'), tar.subarray(0, 100_000));

    const work = unpackTarFile(join(directory, 'tar'), join(directory, 'unpacked'), never);

    await expect(work).rejects.toThrow();
  });
});
