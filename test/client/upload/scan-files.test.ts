import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import type { UserError } from '../../../client/exit-codes.ts';
import { scanFiles } from '../../../client/upload/scan-files.ts';
import { useLaptop } from '../laptop.ts';

const laptop = useLaptop();

async function faults(...paths: string[]): Promise<string> {
  const error = await scanFiles(paths.map((path) => laptop.path(path))).then(
    () => undefined,
    (thrown: unknown) => thrown as UserError,
  );
  return `${error?.failure ?? 'fine'}: ${error?.message ?? ''}`;
}

/** The superuser reads everything, so the test has to be somebody else for a moment. */
async function asSomebody<Result>(work: () => Promise<Result>): Promise<Result> {
  const { seteuid, geteuid } = process;
  if (seteuid === undefined || geteuid?.() !== 0) return work();
  seteuid(65_534);
  try {
    return await work();
  } finally {
    seteuid(0);
  }
}

describe('a scan', () => {
  it('numbers the files of folders in the order of sorted paths', async () => {
    laptop.write('b/2.csv', 'x');
    laptop.write('b/1/z.edf', 'xy');
    laptop.write('a.TSV', 'x');

    const { files } = await scanFiles([laptop.path('b'), laptop.path('a.TSV')]);

    expect(files.map(({ number, name, mediaType }) => [number, name, mediaType])).toEqual([
      [1, 'z.edf', 'application/edf'],
      [2, '2.csv', 'text/csv'],
      [3, 'a.TSV', 'text/tab-separated-values'],
    ]);
    expect(files[0]?.sizeBytes).toBe(2);
  });

  it('leaves hidden files of a folder out, and counts them; one that is named is taken', async () => {
    laptop.write('a/.DS_Store', 'x');
    laptop.write('a/.git/config', 'x');
    laptop.write('a/b.csv', 'x');
    const hidden = laptop.write('.c.csv', 'x');

    const scan = await scanFiles([laptop.path('a'), hidden]);

    expect(scan.files.map(({ name }) => name)).toEqual(['b.csv', '.c.csv']);
    expect(scan.hidden).toBe(2);
  });

  it('takes a type for all files, and a general one where the ending tells none', async () => {
    const path = laptop.write('a.unknown', 'x');

    expect((await scanFiles([path])).files[0]?.mediaType).toBe('application/octet-stream');
    expect((await scanFiles([path], 'text/csv')).files[0]?.mediaType).toBe('text/csv');
  });

  it('follows links to files and folders, under the name of the link', async () => {
    laptop.write('there/a.csv', 'x');
    laptop.write('here/b.csv', 'y');
    symlinkSync(laptop.path('there'), laptop.path('here/folder'));
    symlinkSync(laptop.write('c.csv', 'z'), laptop.path('here/link.csv'));

    const { files } = await scanFiles([laptop.path('here')]);

    expect(files.map(({ name }) => name)).toEqual(['b.csv', 'a.csv', 'link.csv']);
  });

  it('takes ten thousand files of one folder', async () => {
    for (let at = 0; at < 10_000; at += 1) laptop.write(`many/${at}.csv`, 'x');

    const { files } = await scanFiles([laptop.path('many')]);

    expect(files).toHaveLength(10_000);
  });
});

describe('a scan refuses', () => {
  it('an empty file', async () => {
    laptop.write('a/1.csv', 'x');
    laptop.write('a/2.csv', '');

    expect(await faults('a')).toBe('badInput: file 2 is empty');
  });

  it('a folder without files', async () => {
    mkdirSync(laptop.path('a/b/c'), { recursive: true });
    laptop.write('a/b/.hidden', 'x');

    expect(await faults('a')).toBe('badInput: argument 1 is a folder without files');
  });

  it('a path that is not there, and a link to nowhere', async () => {
    laptop.write('a/1.csv', 'x');
    symlinkSync(laptop.path('nowhere'), laptop.path('a/2.csv'));

    expect(await faults('a', 'John.csv')).toBe(
      'badInput: file 2 cannot be read (ENOENT); argument 2 cannot be read (ENOENT)',
    );
  });

  it('a file, and a folder in a folder, that it may not read', async () => {
    laptop.write('a/1.csv', 'x');
    chmodSync(laptop.write('a/2.csv', 'x'), 0o000);
    laptop.write('a/b/3.csv', 'x');
    chmodSync(laptop.path('a/b'), 0o000);
    for (const path of ['.', 'a']) chmodSync(laptop.path(path), 0o755);
    chmodSync(laptop.root, 0o755);

    const told = await asSomebody(() => faults('a'));
    chmodSync(laptop.path('a/b'), 0o755);

    expect(told).toBe(
      'badInput: file 2 cannot be read (EACCES); a folder in argument 1 cannot be read (EACCES)',
    );
  });

  it('the same file twice, however it was named', async () => {
    laptop.write('a/1.csv', 'x');
    symlinkSync(laptop.path('a/1.csv'), laptop.path('link.csv'));

    expect(await faults('a', 'a/../a/1.csv', 'link.csv')).toBe(
      'badInput: file 2 is file 1 again; file 3 is file 1 again',
    );
  });

  it('a folder that contains itself by a link', async () => {
    laptop.write('a/1.csv', 'x');
    symlinkSync(laptop.path('a'), laptop.path('a/loop'));

    expect(await faults('a')).toBe('badInput: argument 1 comes to the same folder twice');
  });

  it('what is no file', async () => {
    const error = (await scanFiles(['/dev/null']).catch((thrown: unknown) => thrown)) as UserError;

    expect(error.message).toBe('file 1 is not a regular file');
  });

  it('many at once, telling twenty and counting the rest', async () => {
    for (let at = 10; at < 35; at += 1) laptop.write(`a/${at}.csv`, '');

    const told = await faults('a');

    expect(told).toMatch(/file 20 is empty; and 5 more$/);
  });
});
