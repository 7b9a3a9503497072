import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { zipSync } from 'fflate';
import { zipBundle } from '../../../audit/bundle/zip-bundle.ts';
import { readZip } from '../../../audit/verify/read-zip.ts';
import { verifyBundle } from '../../../audit/verify/verify-bundle.ts';
import { compose } from '../bundle/compose.ts';
import { readScene } from '../scenes/read-scene.ts';

const bundle = await compose((await readScene('refused')).evidence);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'czar-verify-'));
  for (const [path, content] of bundle.files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
});

afterEach(() => rm(folder, { recursive: true }));

const structure = async () =>
  (await verifyBundle(folder)).checks.find(({ name }) => name === 'structure')?.problems;

it('verifies a folder, whatever its own name, and a zip', async () => {
  const zip = `${folder}.zip`;
  await writeFile(zip, zipBundle(bundle));

  expect((await verifyBundle(folder)).passed).toBe(true);
  expect((await verifyBundle(zip)).passed).toBe(true);

  await rm(zip);
});

describe('what is in a folder besides', () => {
  it.each([
    ['a file', 'data', () => writeFile(join(folder, 'data', 'ZebedeeQuagmire.txt'), '')],
    ['a hidden file', 'the folder itself', () => writeFile(join(folder, '.hidden'), 'x')],
    ['an empty folder', 'data', () => mkdir(join(folder, 'data', 'empty'))],
    ['a folder of files', 'the folder itself', () => mkdir(join(folder, 'more'))],
    ['a name with a line break', 'data', () => writeFile(join(folder, 'data', 'a\nb'), '')],
    ['a link', 'data', () => symlink('/etc/passwd', join(folder, 'data', 'passwd'))],
  ])('is found: %s', async (_what, place, add) => {
    await add();

    const problems = await structure();

    expect(problems).toEqual([expect.stringContaining(place)]);
    expect(problems?.[0]).toContain('holds 1 that no bundle has');
    expect(JSON.stringify(problems)).not.toContain('Zebedee');
  });

  it('is found where a file of the bundle is a link, which is not followed', async () => {
    await rm(join(folder, 'data/record.json'));
    const elsewhere = join(folder, '..', `${Date.now()}.json`);
    await writeFile(elsewhere, bundle.files.get('data/record.json')!);
    await symlink(elsewhere, join(folder, 'data/record.json'));

    expect(await structure()).toEqual([
      'data/record.json is missing',
      'data/record.json is not a plain file',
    ]);

    await rm(elsewhere);
  });

  it('is found where data/ is a link to a folder', async () => {
    await rm(join(folder, 'data'), { recursive: true });
    await symlink(tmpdir(), join(folder, 'data'));

    expect(await structure()).toContain('the folder itself holds 1 that no bundle has');
  });
});

it.each(['nowhere', 'bagit.txt'])('says of %s that it is no bundle', async (name) => {
  const verifying = verifyBundle(join(folder, name));

  await (name === 'nowhere'
    ? expect(verifying).rejects.toThrow('there is no such folder or zip')
    : expect(verifying).resolves.toMatchObject({
        passed: false,
        checks: [{ name: 'zip', passed: false }],
      }));
});

describe('a zip that is not one of ours is refused', () => {
  const refusal = (zip: Uint8Array) => {
    try {
      return readZip(zip).folder;
    } catch (error) {
      return (error as Error).message;
    }
  };
  const name = bundle.name;

  it('where files are packed, as those of a zip bomb are', () => {
    const bomb = zipSync({ [`${name}/data/record.json`]: new Uint8Array(10_000_000) });

    expect(bomb.length).toBeLessThan(20_000);
    expect(refusal(bomb)).toBe("file 1 of its directory is packed: a bundle's are stored");
  });

  it.each([
    '../../etc/passwd',
    `${name}/../bagit.txt`,
    `/${name}/bagit.txt`,
    'bagit.txt',
    `${name}/data/notes.txt`,
    `${name}//bagit.txt`,
  ])('where a name leads elsewhere: %s', (path) => {
    const zip = zipSync({ [path]: [Buffer.from('x'), { level: 0 }] });

    expect(refusal(zip)).toBe('file 1 of its directory is no part of a bundle');
  });

  it('where two folders are in it', () => {
    const zip = zipSync(
      { [`${name}/bagit.txt`]: Buffer.from('x'), 'other/bag-info.txt': Buffer.from('x') },
      { level: 0 },
    );

    expect(refusal(zip)).toBe('file 2 of its directory is no part of a bundle');
  });

  it('where entries share their bytes, to be more than the zip', () => {
    const files = new Map<string, Uint8Array>([
      ['bag-info.txt', new Uint8Array(100_000)],
      ['bagit.txt', new Uint8Array(100_000)],
    ]);
    const zip = Buffer.from(zipBundle({ name, files }));
    const directory = zip.readUInt32LE(zip.length - 6);
    const first = zip.readUInt32LE(directory + 42);
    const second = directory + 46 + zip.readUInt16LE(directory + 28);
    zip.writeUInt32LE(first, second + 42);
    for (const at of [directory, second]) {
      zip.writeUInt32LE(200_000, at + 20);
      zip.writeUInt32LE(200_000, at + 24);
    }

    expect(refusal(zip)).toBe('its files lie on top of each other');
  });

  it('where it is cut, or something follows it', () => {
    const zip = zipBundle(bundle);

    expect(refusal(zip.subarray(0, -1))).toBe('it does not end as a zip of a bundle does');
    expect(refusal(Buffer.concat([zip, Buffer.from('x')]))).toBe(
      'it does not end as a zip of a bundle does',
    );
    expect(refusal(new Uint8Array(0))).toBe('it does not end as a zip of a bundle does');
  });
});
