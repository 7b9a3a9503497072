import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { zipBundle } from '../../../audit/bundle/zip-bundle.ts';
import { readZip } from '../../../audit/verify/read-zip.ts';

const bundle = {
  name: 'evidence-none-aabbccddeeff-0',
  files: new Map<string, Uint8Array>([
    ['bagit.txt', Buffer.from('one')],
    ['data/mails.csv', Buffer.from('zwölf')],
    ['bag-info.txt', Buffer.from('')],
  ]),
};

it('is opened by another program, with every file under one folder', () => {
  const unpacked = unzipSync(zipBundle(bundle));

  expect(Object.keys(unpacked)).toEqual(
    ['bag-info.txt', 'bagit.txt', 'data/mails.csv'].map((path) => `${bundle.name}/${path}`),
  );
  expect(Buffer.from(unpacked[`${bundle.name}/data/mails.csv`]!).toString()).toBe('zwölf');
});

it('is the same for the same files, in whatever order they come', () => {
  const files = new Map([...bundle.files].toReversed());

  expect(zipBundle({ ...bundle, files })).toEqual(zipBundle(bundle));
});

it('is read back as it was', () => {
  const { folder, files } = readZip(zipBundle(bundle));

  expect(folder).toBe(bundle.name);
  expect([...files.keys()]).toEqual([...bundle.files.keys()].toSorted());
  expect(files.get('bag-info.txt')).toHaveLength(0);
  expect(Buffer.from(files.get('data/mails.csv')!).toString()).toBe('zwölf');
});
