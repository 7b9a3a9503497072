import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAccessLog } from '../../../audit/access/open-access-log.ts';
import { log } from './records.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'czar-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

const delivered = (records: unknown) => gzipSync(JSON.stringify({ Records: records }));
const lines = (records: readonly unknown[]) =>
  records.map((one) => `${JSON.stringify(one)}\n`).join('');
const read = () => Array.fromAsync(openAccessLog(folder), ({ record }) => record);

it('reads a folder as CloudTrail fills one, in order, without its digests', async () => {
  await file('CloudTrail/us-east-1/2026/03/02/b.json.gz', delivered(log.slice(2, 4)));
  await file('CloudTrail/us-east-1/2026/03/02/a.json.gz', delivered(log.slice(0, 2)));
  await file('CloudTrail-Digest/us-east-1/a.json.gz', gzipSync('{}'));

  expect(await read()).toEqual(log.slice(0, 4));
});

it('reads one file of the embedded cloud, with all that its records say', async () => {
  const path = await file('access-log.jsonl', lines([{ ...log[0], userAgent: 'x' }]));

  const [call] = await Array.fromAsync(openAccessLog(path));

  expect(call).toEqual({ record: log[0], whole: { ...log[0], userAgent: 'x' } });
});

it.each([
  ['b.jsonl', '{"eventTime":"Jane"}\n', /^line 1 of file 2 of the access log cannot be read: /],
  ['b.jsonl', '\n\nJane Doe\n', /^line 3 of file 2 of the access log is no JSON$/],
  ['b.json.gz', delivered([{ Jane: 1 }]), /^record 1 in file 2 of the access log cannot be read: /],
  ['b.json.gz', 'Jane', /^file 2 of the access log cannot be unpacked$/],
  ['Jane-Doe.csv', 'x', /^file 1 of the access log is neither \.jsonl nor \.json\.gz$/],
])(
  'refuses a broken record by file and line, and repeats nothing: %s %#',
  async (name, content, message) => {
    await file('a.jsonl', lines(log.slice(0, 1)));
    await file(name, content);

    await expect(read()).rejects.toThrow(message);
    await expect(read()).rejects.not.toThrow(/jane/i);
  },
);

it('refuses a folder without a file, and a path that is not there', async () => {
  await expect(read()).rejects.toThrow('the folder of the access log has no file');
  await expect(Array.fromAsync(openAccessLog(join(folder, 'Jane')))).rejects.toThrow(
    /^the access log cannot be opened$/,
  );
});
