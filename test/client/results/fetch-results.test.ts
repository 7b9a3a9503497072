import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../client/exit-codes.ts';
import { reportError } from '../../../client/report-error.ts';
import { fetchResults, type ResultsOptions } from '../../../client/results/fetch-results.ts';
import { batchResultKey, objectResultKey } from '../../../workflow/model/keys.ts';
import { batchId, place } from '../fake-aws/study.ts';
import { useLaptop } from '../laptop.ts';
import { encrypted, noteBatch, store, tarOf } from './result-tar.ts';

/** Digest of what a result was made of. */
const madeOf = 'ab12'.repeat(16);

const laptop = useLaptop();
const files = [
  { name: 'qc.json', content: '{}' },
  { name: 'plots/vitals.svg', content: '<svg/>' },
  { name: 'summary.csv', content: 'mean\n36.6\n'.repeat(1000) },
];
const folder = (): string => join(laptop.root, 'results', 'of-batch');

function get(options: Partial<ResultsOptions> = {}) {
  const { signal } = new AbortController();
  return fetchResults(
    laptop.deployment,
    { batchId, folder: folder(), objects: false, signal, ...options },
    laptop.output,
  );
}

async function refused(work: Promise<unknown>): Promise<UserError> {
  const outcome = await work.then(
    () => new Error('it was not refused'),
    (error: unknown) => reportError(error),
  );
  if (!(outcome instanceof UserError)) throw outcome;
  return outcome;
}

/** Notes a result whose ciphertext is `change`d between the worker and the laptop. */
async function result(
  change: (ciphertext: Buffer) => Buffer = (ciphertext) => ciphertext,
  tar: Promise<Buffer> = tarOf(files),
): Promise<void> {
  const noted = store(laptop, batchResultKey(place, madeOf), await encrypted(laptop, await tar));
  const changed = change(laptop.aws.s3.objects.get(`result/${noted.key}`)!);
  laptop.aws.s3.objects.set(`result/${noted.key}`, changed);
  noteBatch(laptop, { state: 'SUCCEEDED', result: noted });
}

/** What a failure may leave: neither the folder nor a part of it. */
function traces(): string[] {
  const parent = join(laptop.root, 'results');
  return existsSync(parent) ? readdirSync(parent) : [];
}

describe('fetching results', () => {
  it('unpacks the consolidated result into a folder that only its owner reads', async () => {
    await result();

    const fetched = await get();

    const mode = (name: string) => (statSync(join(folder(), name)).mode & 0o777).toString(8);
    expect(fetched).toEqual({ files: ['plots/vitals.svg', 'qc.json', 'summary.csv'], objects: 0 });
    expect(readFileSync(join(folder(), 'summary.csv'), 'utf8')).toBe(files[2]?.content);
    expect([mode('.'), mode('plots'), mode('qc.json')]).toEqual(['700', '700', '600']);
    expect(traces()).toEqual(['of-batch']);
  });

  it('asks for what a researcher may have, and for nothing else', async () => {
    await result();
    laptop.aws.json.calls.length = 0;

    await get();

    expect(laptop.aws.json.calls.map(({ operation }) => operation)).toEqual(['GetItem', 'Decrypt']);
    expect(laptop.aws.json.calls[1]?.input.EncryptionContext).toEqual({
      study: 'czarhipaa',
      batch: batchId,
      kind: 'result',
    });
    expect(laptop.aws.s3.calls.map(({ operation }) => operation)).toEqual(['GetObject']);
  });

  it('fetches the results of single objects as well where it is told to', async () => {
    await result();
    const ids = ['qvrgvvtfhwtmmpbnrtdqr', 'pgjtpcggkqndjphcbhqhr'];
    for (const [at, objectId] of ids.entries()) {
      const tar = await tarOf([{ name: 'partial.json', content: objectId }]);
      const noted = store(laptop, objectResultKey(place, objectId), await encrypted(laptop, tar));
      laptop.aws.json.items.push(ledgerObject(objectId, at === 0 ? noted : undefined));
    }

    const fetched = await get({ objects: true });

    expect(fetched.objects).toBe(1);
    expect(readFileSync(join(folder(), 'objects', ids[0]!, 'partial.json'), 'utf8')).toBe(ids[0]);
    expect(readdirSync(join(folder(), 'objects'))).toEqual([ids[0]]);
  });

  it('shows nothing of the batch where one of its objects is damaged', async () => {
    await result();
    const objectId = 'qvrgvvtfhwtmmpbnrtdqr';
    const ciphertext = await encrypted(laptop, await tarOf(files));
    const noted = store(laptop, objectResultKey(place, objectId), ciphertext);
    laptop.aws.json.items.push(ledgerObject(objectId, noted));
    laptop.aws.s3.objects.set(`result/${noted.key}`, flipped(ciphertext, ciphertext.length - 20));

    const error = await refused(get({ objects: true }));

    expect(error.exitCode).toBe(65);
    expect(traces()).toEqual([]);
  });
});

describe('a result is refused, and nothing of it stays, where', () => {
  it.each([0, 3, 60, 200, 500, 2000, -1, -17])('byte %i is flipped', async (at) => {
    await result((ciphertext) => flipped(ciphertext, at < 0 ? ciphertext.length + at : at));

    const error = await refused(get());

    expect(error.failure).toBe('badInput');
    expect(error.message).toMatch(/^the stored result was refused: /);
    expect(traces()).toEqual([]);
  });

  it.each([0, 10, 300, 1000])('it ends after %i bytes', async (length) => {
    await result((ciphertext) => ciphertext.subarray(0, length));

    const error = await refused(get());

    expect(error.failure).toBe('badInput');
    expect(traces()).toEqual([]);
  });

  it('its last frame is damaged, after many files were written', async () => {
    const many = Array.from({ length: 300 }, (_, at) => ({
      name: `folder-${at}/file.bin`,
      content: 'x'.repeat(10_000),
    }));
    await result((ciphertext) => flipped(ciphertext, ciphertext.length - 1), tarOf(many));

    const error = await refused(get());

    expect(error.message).toContain('it does not authenticate');
    expect(traces()).toEqual([]);
  });

  it('it is another one than the ledger noted, though it authenticates', async () => {
    await result();
    const other = await encrypted(laptop, await tarOf([{ name: 'qc.json', content: '[]' }]));
    laptop.aws.s3.objects.set(`result/${batchResultKey(place, madeOf)}`, other);

    const error = await refused(get());

    expect(error.message).toBe('the stored result is not the one that the ledger noted');
    expect(traces()).toEqual([]);
  });

  it.each([
    ['another batch', { batchId: 'vzzmtmwvr' }],
    ['an input', { kind: 'input' as const }],
  ])("it is %s's", async (_what, context) => {
    const ciphertext = await encrypted(laptop, await tarOf(files), context);
    noteBatch(laptop, {
      state: 'SUCCEEDED',
      result: store(laptop, batchResultKey(place, madeOf), ciphertext),
    });

    const error = await refused(get());

    expect(error.message).toContain('bound to another study, batch, kind or key');
    expect(traces()).toEqual([]);
  });

  it.each([
    ['leaves the folder', { name: '../escaped.txt', content: 'x' }],
    ['leaves the folder later', { name: 'a/../../escaped.txt', content: 'x' }],
    ['is absolute', { name: '/tmp/escaped.txt', content: 'x' }],
    ['has a backslash', { name: 'a\\..\\b', content: 'x' }],
    ['has an empty part', { name: 'a//b', content: 'x' }],
    ['is a link', { name: 'link', type: 'symlink' as const, linkname: '/etc/passwd' }],
    ['is a hard link', { name: 'link', type: 'link' as const, linkname: 'qc.json' }],
    ['is a device', { name: 'null', type: 'character-device' as const }],
    ['has a name twice', { name: 'qc.json', content: 'x' }],
    ['is a folder and a file', { name: 'plots', content: 'x' }],
  ])('an entry of its tar %s', async (_what, entry) => {
    await result(undefined, tarOf([...files, entry]));

    const error = await refused(get());

    expect(error.failure).toBe('badInput');
    expect(error.message).toMatch(/^the result holds .*, and is not unpacked$/);
    expect(traces()).toEqual([]);
    expect(existsSync(join(laptop.root, 'escaped.txt'))).toBe(false);
  });

  it.each([
    ['no tar', Buffer.from('summary,1\n'.repeat(100))],
    ['half a tar', undefined],
  ])('it is %s', async (_what, bytes) => {
    const whole = await tarOf(files);
    await result(undefined, Promise.resolve(bytes ?? whole.subarray(0, 3000)));

    const error = await refused(get());

    expect(error.message).toBe('the result holds what is no tar, and is not unpacked');
    expect(traces()).toEqual([]);
  });

  it('it is not in the bucket', async () => {
    await result();
    laptop.aws.s3.objects.clear();

    const error = await refused(get());

    expect(error.message).toBe('the result that the ledger noted is not in the bucket');
    expect(traces()).toEqual([]);
  });

  it('the network is lost, which is worth another try', async () => {
    await result();
    laptop.aws.s3.after = () => 'drop';

    const error = await refused(get());

    expect(error.exitCode).toBe(75);
    expect(traces()).toEqual([]);
  });

  it('Ctrl-C comes', async () => {
    await result();
    const controller = new AbortController();
    laptop.aws.s3.after = () => {
      controller.abort(new UserError('interrupted', 'interrupted'));
      return undefined;
    };

    await expect(get({ signal: controller.signal })).rejects.toThrow();

    expect(traces()).toEqual([]);
  });
});

describe('the folder for the results', () => {
  it.each([
    ['a folder', (path: string) => mkdirSync(path, { recursive: true })],
    ['a file', (path: string) => writeFileSync(path, 'x')],
    ['a link to nowhere', (path: string) => symlinkSync('/nowhere', path)],
  ])('is refused before anything is fetched where it is %s already', async (_what, make) => {
    await result();
    mkdirSync(join(laptop.root, 'results'));
    make(folder());
    laptop.aws.json.calls.length = 0;

    const error = await refused(get());

    expect(error.message).toContain('exists already');
    expect(laptop.aws.json.calls).toEqual([]);
    expect(laptop.aws.s3.calls).toEqual([]);
    expect(traces()).toEqual(['of-batch']);
  });

  it.each([
    ['empty', () => undefined],
    ['with a file in it', () => writeFileSync(join(folder(), 'mine.txt'), 'mine')],
  ])('is not replaced where somebody made it meanwhile, %s', async (_what, fill) => {
    await result();
    laptop.aws.s3.before = () => {
      mkdirSync(folder());
      fill();
      return undefined;
    };

    const error = await refused(get());

    expect(error.message).toContain('exists already');
    expect(readdirSync(folder()).every((name) => name === 'mine.txt')).toBe(true);
    expect(traces()).toEqual(['of-batch']);
  });

  it('that cannot be made is told as such', async () => {
    await result();
    writeFileSync(join(laptop.root, 'results'), 'a file');
    chmodSync(join(laptop.root, 'results'), 0o600);

    const error = await refused(get());

    expect(error.failure).toBe('cannotWrite');
    expect(error.message).not.toContain(laptop.root);
  });
});

describe('a batch without a result', () => {
  it.each([
    ['UPLOADING', 'is not sealed yet'],
    ['SEALED', 'has not been started'],
    ['OPEN', 'is being processed'],
    ['FAILED', 'failed before it had a result'],
  ])('tells why when it is %s', async (state, why) => {
    noteBatch(laptop, { state });

    const error = await refused(get());

    expect(error.message).toBe(`there is nothing to fetch: the batch ${why}`);
    expect(traces()).toEqual([]);
  });

  it('tells when there is no such batch', async () => {
    expect((await refused(get())).message).toBe('there is nothing to fetch: the batch is unknown');
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
  return changed;
}

function ledgerObject(objectId: string, result: unknown): Record<string, unknown> {
  return {
    batchId,
    item: `OBJECT#${objectId}`,
    state: result === undefined ? 'FAILED' : 'DONE',
    registeredAt: '2026-01-02T03:04:05.000Z',
    sizeBytes: 10,
    ...(result === undefined ? { reason: 'CORRUPT' } : { result }),
  };
}
