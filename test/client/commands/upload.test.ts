import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { BatchId } from '../../../workflow/model/code.ts';
import { batchId, place } from '../fake-aws/study.ts';
import { useLaptop } from '../laptop.ts';
import { type Ended, czar, czarProcess, jsonLines, startCzar } from '../run-czar.ts';
import { manifestPlace, readStoredBatch } from '../upload/stored-batch.ts';

const laptop = useLaptop();
const canaries = /quackenbush|zebulon|1938-01-31/i;

/** A folder whose own name, and the names in it, tell of somebody. */
function folder(files = 12): string {
  for (let at = 1; at <= files; at += 1) {
    laptop.write(`Zebulon/Quackenbush-1938-01-31-${at}.csv`, `visit ${at} of Zebulon\n`);
  }
  return laptop.path('Zebulon');
}

/** Everything that a run left behind or said. */
function surfaces({ stdout, stderr }: Ended): string {
  const state = join(laptop.root, 'state');
  const written = readdirSync(state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.name} ${readFileSync(join(entry.parentPath, entry.name), 'latin1')}`);
  const asked = laptop.aws.json.calls.map((call) => JSON.stringify(call));
  const keys = laptop.aws.s3.calls.map((call) => JSON.stringify(call));
  return [stdout, stderr, ...written, ...asked, ...keys].join('\n');
}

describe('czar upload', () => {
  it('mints a batch id, tells it before anything is sent, and the sealed batch at the end', async () => {
    const ended = await czarProcess('upload', folder(), '--json');

    const [result] = jsonLines(ended.stdout);
    const [first] = jsonLines(ended.stderr);
    expect(ended.code).toBe(0);
    expect(BatchId.safeParse(result?.batchId).success).toBe(true);
    expect(result).toMatchObject({ objects: 12, resumed: 0 });
    expect(first).toMatchObject({ event: 'batch', batchId: result?.batchId, objects: 12 });
    expect(surfaces(ended)).not.toMatch(canaries);
  });

  it('says the same in words without --json', async () => {
    const { stdout } = await czar('upload', folder(2), '--batch', batchId);

    expect(stdout).toMatch(/^batch bcdfghjkw is sealed: 2 objects, \d+ bytes of ciphertext\n$/);
    expect((await readStoredBatch(laptop)).files.size).toBe(2);
  });

  it(
    'ends with 75 and the command to go on where the network is lost, and goes on',
    { timeout: 90_000 },
    async () => {
      const path = folder();
      laptop.aws.s3.before = () => (laptop.aws.s3.objects.size < 5 ? undefined : 'drop');
      const lost = await czarProcess('upload', path, '--batch', batchId, '--json');
      laptop.aws.s3.before = () => undefined;

      const resumed = await czar('upload', path, '--batch', batchId, '--json');

      const [error] = jsonLines(lost.stdout);
      expect(lost.code).toBe(75);
      expect(error).toMatchObject({ error: 'tryAgain', exitCode: 75, batchId });
      expect(jsonLines(lost.stderr)).toContainEqual({ event: 'not-sealed', batchId });
      expect(jsonLines(resumed.stdout)[0]).toMatchObject({ objects: 12, resumed: 5 });
      expect((await readStoredBatch(laptop)).files.size).toBe(12);
      expect(surfaces(lost) + surfaces(resumed)).not.toMatch(canaries);
    },
  );

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 130 at %s, and goes on', async (signal) => {
    const path = folder();
    const { child, ended } = startCzar(['upload', path, '--batch', batchId, '--json']);
    laptop.aws.s3.before = ({ place: key }) => {
      if (laptop.aws.s3.objects.size < 3 || key === manifestPlace) return undefined;
      if (!child.killed) child.kill(signal);
      return new Promise(() => undefined);
    };
    const interrupted = await ended;
    laptop.aws.s3.before = () => undefined;

    const resumed = await czar('upload', path, '--batch', batchId, '--json');

    expect(interrupted.code).toBe(130);
    expect(jsonLines(interrupted.stdout)[0]).toMatchObject({ error: 'interrupted', batchId });
    expect(jsonLines(resumed.stdout)[0]).toMatchObject({ objects: 12 });
    expect(surfaces(interrupted) + surfaces(resumed)).not.toMatch(canaries);
    expect((await readStoredBatch(laptop)).files.size).toBe(12);
  });

  it('ends some seconds after Ctrl-C though nobody answers it', async () => {
    const { child, ended } = startCzar(['upload', folder(1), '--batch', batchId, '--json']);
    const asked = vi.fn(() => new Promise<never>(() => undefined));
    laptop.aws.json.answers.GetItem = asked;
    await vi.waitUntil(() => asked.mock.calls.length > 0, { timeout: 20_000 });
    child.kill('SIGINT');

    const { code, stdout } = await ended;

    expect(code).toBe(130);
    expect(jsonLines(stdout)[0]).toMatchObject({ error: 'interrupted', batchId });
  });

  it('ends at once at a second Ctrl-C, and leaves a journal that can be gone on with', async () => {
    const path = folder();
    const { child, ended } = startCzar(['upload', path, '--batch', batchId]);
    const asked = vi.fn(() => new Promise<never>(() => undefined));
    laptop.aws.json.answers.GetItem = asked;
    await vi.waitUntil(() => asked.mock.calls.length > 0, { timeout: 20_000 });
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill('SIGINT');
    const interrupted = await ended;
    delete laptop.aws.json.answers.GetItem;

    const resumed = await czar('upload', path, '--batch', batchId);

    expect(interrupted.code).toBe(130);
    expect(resumed.code).toBe(0);
  });

  it('loses nothing where it is killed', async () => {
    const path = folder();
    const { child, ended } = startCzar(['upload', path, '--batch', batchId]);
    laptop.aws.s3.after = () => {
      if (laptop.aws.s3.objects.size >= 6) child.kill('SIGKILL');
      return undefined;
    };
    await ended;
    laptop.aws.s3.after = () => undefined;

    const resumed = await czar('upload', path, '--batch', batchId, '--json');

    expect(resumed.code).toBe(0);
    expect((await readStoredBatch(laptop)).files.size).toBe(12);
  });

  it.each([
    ['an empty file', () => [folder(2), laptop.write('Zebulon.csv', '')], 'file 3 is empty'],
    [
      'a file that is not there',
      () => [laptop.path('Quackenbush.csv')],
      'argument 1 cannot be read (ENOENT)',
    ],
    [
      'the same file twice',
      () => [laptop.write('Zebulon.csv', 'x'), laptop.path('Zebulon.csv')],
      'file 2 is file 1 again',
    ],
    [
      'two files of one content',
      () => [laptop.write('Zebulon-1.csv', 'x'), laptop.write('Zebulon-2.csv', 'x')],
      'has the same content as file',
    ],
  ])('refuses %s with 65, by number', async (_what, paths, message) => {
    const ended = await czar('upload', ...paths(), '--batch', batchId, '--json');

    const [error] = jsonLines(ended.stdout);
    expect(ended.code).toBe(65);
    expect(error?.message).toContain(message);
    expect(laptop.aws.s3.objects.has(manifestPlace)).toBe(false);
    expect(ended.stdout + ended.stderr).not.toMatch(canaries);
  });

  it('refuses a batch that is sealed, without a word on how to go on', async () => {
    laptop.aws.json.items.push({
      batchId: place.batchId,
      item: 'BATCH',
      kind: 'BATCH',
      state: 'OPEN',
      createdAt: '2026-01-02T03:04:05.000Z',
    });

    const { code, stdout, stderr } = await czar('upload', folder(1), '--batch', batchId, '--json');

    expect(code).toBe(65);
    expect(jsonLines(stdout)[0]?.message).toContain('sealed already');
    expect(stderr).not.toContain('not-sealed');
    expect(laptop.aws.s3.calls).toEqual([]);
  });
});
