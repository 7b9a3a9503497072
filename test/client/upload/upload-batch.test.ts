import { randomBytes } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { openDeployment } from '../../../client/deployment.ts';
import { UserError } from '../../../client/exit-codes.ts';
import { reportError } from '../../../client/report-error.ts';
import { ServiceError } from '../fake-aws/fake-json-services.ts';
import type { S3Call } from '../fake-aws/fake-s3.ts';
import { error as s3Error } from '../fake-aws/fake-s3.ts';
import { batchId, place } from '../fake-aws/study.ts';
import { useLaptop } from '../laptop.ts';
import { listingPlace, manifestPlace, readStoredBatch } from './stored-batch.ts';

const laptop = useLaptop();
const MiB = 1024 * 1024;

const isObject = ({ place: key }: S3Call): boolean =>
  key.startsWith(`input/in/v1/${place.study}/${batchId}/`) && key !== manifestPlace;

const puts = (): string[] =>
  laptop.aws.s3.calls
    .filter(({ operation }) => operation === 'PutObject')
    .map(({ place: key }) => key);

function twelve(): string {
  for (let at = 1; at <= 12; at += 1) {
    laptop.write(`visits/visits-${String(at).padStart(2, '0')}.csv`, `visit,${at}\n`.repeat(at));
  }
  return laptop.path('visits');
}

async function failure(work: Promise<unknown>): Promise<UserError> {
  try {
    await work;
  } catch (error) {
    return reportError(error);
  }
  throw new Error('it did not fail');
}

describe('an upload', () => {
  it('stores every file encrypted under an id, then the listing, then the manifest', async () => {
    const result = await laptop.upload([twelve()]);

    const batch = await readStoredBatch(laptop);
    expect(result).toMatchObject({ batchId, objects: 12, resumed: 0 });
    expect(batch.header).toEqual({ version: 1, ...place, objects: 12 });
    expect(batch.files.get('visits-03.csv')?.toString()).toBe('visit,3\n'.repeat(3));
    expect(batch.entries.every(({ mediaType }) => mediaType === 'text/csv')).toBe(true);
    expect(puts().slice(-2)).toEqual([listingPlace, manifestPlace]);
  });

  it('sends nothing but conditional PUTs, and asks KMS for one data key', async () => {
    await laptop.upload([twelve()]);

    const { s3, json } = laptop.aws;
    expect(new Set(s3.calls.map(({ operation }) => operation))).toEqual(new Set(['PutObject']));
    expect(s3.calls.every(({ ifNoneMatch }) => ifNoneMatch === '*')).toBe(true);
    expect(json.calls.map(({ operation }) => operation)).toEqual([
      'GetParameter',
      'GetItem',
      'GenerateDataKey',
    ]);
    expect(json.calls[2]?.input.EncryptionContext).toEqual({
      study: 'czarhipaa',
      batch: batchId,
      kind: 'input',
    });
  });

  it('keeps ciphertext only while it waits, and no name', async () => {
    laptop.write('visits/John-Doe-1938-01-31.csv', 'secret');

    await laptop.upload([laptop.path('visits')]);

    expect(existsSync(laptop.spoolPath())).toBe(false);
    expect(JSON.stringify(laptop.journal())).not.toMatch(/john|1938|csv/i);
    expect(statSync(laptop.journalPath()).mode & 0o777).toBe(0o600);
    expect(statSync(laptop.journalPath().replace('/journal.jsonl', '')).mode & 0o777).toBe(0o700);
  });

  it('calls a file whose name tells something by its number', async () => {
    laptop.write('visits/a.csv', 'a');
    laptop.write('visits/John-Doe-1938-01-31.csv', 'b');

    await laptop.upload([laptop.path('visits')]);

    expect(laptop.output.events).toContainEqual({
      event: 'name-warning',
      file: 1,
      findings: ['a date', "a person's name"],
    });
    expect(laptop.output.texts.join()).not.toMatch(/john|1938-01-31/i);
  });

  it('warns of the first twenty names, and counts the rest', async () => {
    for (let at = 0; at < 25; at += 1) laptop.write(`v/1938-01-31-${at}.csv`, `visit ${at}`);

    await laptop.upload([laptop.path('v')]);

    const named = laptop.output.events.filter(({ event }) => event === 'name-warning');
    expect(named).toHaveLength(20);
    expect(laptop.output.events).toContainEqual({ event: 'name-warnings', files: 25 });
  });

  it('counts bytes read and sent up to all of them', async () => {
    await laptop.upload([twelve()]);

    const last = laptop.output.events.findLast(({ event }) => event === 'upload-progress');
    const bytes = 8 * 45 + 9 * 33;
    expect(last).toEqual({
      event: 'upload-progress',
      objects: 12,
      objectsStored: 12,
      bytes,
      bytesEncrypted: bytes,
      bytesSent: bytes,
    });
  });
});

describe('an upload of a large file', () => {
  const content = randomBytes(16 * MiB + 5);

  it('goes in parts of 8 MiB, of which only the completion is conditional', async () => {
    await laptop.upload([laptop.write('large.bin', content)]);

    const batch = await readStoredBatch(laptop);
    const calls = laptop.aws.s3.calls.filter(isObject);
    expect(batch.files.get('large.bin')?.equals(content)).toBe(true);
    expect(calls.map(({ operation, ifNoneMatch }) => [operation, ifNoneMatch])).toEqual([
      ['CreateMultipartUpload', undefined],
      ['UploadPart', undefined],
      ['UploadPart', undefined],
      ['UploadPart', undefined],
      ['CompleteMultipartUpload', '*'],
    ]);
    expect(Math.max(...calls.map(({ sizeBytes }) => sizeBytes))).toBe(8 * MiB);
  });

  it('sends the missing parts only when it is resumed', async () => {
    const path = laptop.write('large.bin', content);
    laptop.aws.s3.before = ({ partNumber }) => (partNumber === 3 ? 'drop' : undefined);
    const interrupted = await failure(laptop.upload([path]));
    laptop.aws.s3.before = () => undefined;
    laptop.aws.s3.calls.length = 0;

    await laptop.upload([path]);

    const calls = laptop.aws.s3.calls.filter(isObject);
    expect(interrupted.failure).toBe('tryAgain');
    expect(calls.map(({ operation, partNumber }) => [operation, partNumber])).toEqual([
      ['UploadPart', 3],
      ['CompleteMultipartUpload', undefined],
    ]);
    expect((await readStoredBatch(laptop)).files.get('large.bin')?.equals(content)).toBe(true);
  });

  it('begins anew where S3 has removed the parts', async () => {
    const path = laptop.write('large.bin', content);
    laptop.aws.s3.before = ({ partNumber }) => (partNumber === 3 ? 'drop' : undefined);
    await failure(laptop.upload([path]));
    laptop.aws.s3.before = () => undefined;
    laptop.aws.s3.uploads.clear();

    await laptop.upload([path]);

    expect((await readStoredBatch(laptop)).files.get('large.bin')?.equals(content)).toBe(true);
  });

  it('takes a completion whose answer was lost for what it is', async () => {
    const path = laptop.write('large.bin', content);
    let lost = 0;
    laptop.aws.s3.after = ({ operation }) => {
      if (operation !== 'CompleteMultipartUpload' || lost > 0) return undefined;
      lost += 1;
      return 'drop';
    };

    await laptop.upload([path]);

    expect(lost).toBe(1);
    expect(laptop.aws.s3.uploads.size).toBe(0);
    expect((await readStoredBatch(laptop)).files.get('large.bin')?.equals(content)).toBe(true);
  });
});

describe('an interrupted upload', () => {
  it('sends a request again, with the same bytes, where the network or S3 fails', async () => {
    const failed = new Map<string, number>();
    laptop.aws.s3.before = ({ place: key }) => {
      const count = (failed.get(key) ?? 0) + 1;
      failed.set(key, count);
      if (count === 1) return 'drop';
      return count === 2 ? s3Error(503, 'SlowDown') : undefined;
    };

    await laptop.upload([twelve()]);

    expect((await readStoredBatch(laptop)).files.size).toBe(12);
  });

  it.each(['1', '3'])(
    'takes "exists already" for an answer that was lost, with %s tries of the SDK itself',
    async (tries) => {
      vi.stubEnv('AWS_MAX_ATTEMPTS', tries);
      laptop.deployment = await openDeployment('czarhipaa');
      const paths = ['a', 'b', 'c'].map((name) => laptop.write(`${name}.csv`, name));
      const lost = new Set<string>();
      laptop.aws.s3.after = ({ place: key }) => {
        if (lost.has(key)) return undefined;
        lost.add(key);
        return 'drop';
      };

      await laptop.upload(paths);

      expect(lost.size).toBe(5);
      expect((await readStoredBatch(laptop)).files.size).toBe(3);
    },
  );

  it('ends with "try again" when the network stays away, and then sends what is missing', async () => {
    const folder = twelve();
    laptop.aws.s3.before = () => (laptop.aws.s3.objects.size < 5 ? undefined : 'drop');
    const interrupted = await failure(laptop.upload([folder], { parallel: 1 }));
    const before = new Map(laptop.aws.s3.objects);
    laptop.aws.s3.before = () => undefined;
    laptop.aws.s3.calls.length = 0;

    const result = await laptop.upload([folder]);

    expect(interrupted.exitCode).toBe(75);
    expect(before.size).toBe(5);
    expect(result).toMatchObject({ objects: 12, resumed: 5 });
    expect(puts()).toHaveLength(12 - 5 + 2);
    expect(puts().some((key) => before.has(key))).toBe(false);
    expect((await readStoredBatch(laptop)).files.size).toBe(12);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'loses nothing where it dies after %i requests, whether or not the last one arrived',
    async (requests) => {
      const folder = twelve();
      for (const [arrived, at] of [
        [true, requests],
        [false, requests + 2],
      ] as const) {
        let count = 0;
        const die = () => ((count += 1) >= at ? 'drop' : undefined);
        if (arrived) laptop.aws.s3.after = die;
        else laptop.aws.s3.before = die;
        await failure(laptop.upload([folder]));
        laptop.aws.s3.after = laptop.aws.s3.before = () => undefined;
      }

      await laptop.upload([folder]);

      expect((await readStoredBatch(laptop)).files.size).toBe(12);
    },
  );

  it.each([
    ['listing', () => listingPlace],
    ['manifest', () => manifestPlace],
  ])('goes on where only the %s was missing, arrived or not', async (_what, key) => {
    const folder = twelve();
    laptop.aws.s3.before = (call) => (call.place === key() ? 'drop' : undefined);
    await failure(laptop.upload([folder]));
    laptop.aws.s3.before = () => undefined;
    laptop.aws.s3.after = (call) => (call.place === key() ? 'drop' : undefined);
    const unanswered = await failure(laptop.upload([folder]));
    laptop.aws.s3.after = () => undefined;

    await laptop.upload([folder]);

    expect(unanswered.exitCode).toBe(75);
    expect((await readStoredBatch(laptop)).files.size).toBe(12);
  });

  it('is finished by the same command where the ledger knows the batch as sealed already', async () => {
    const folder = twelve();
    laptop.aws.s3.after = (call) => {
      if (call.place !== manifestPlace) return undefined;
      // The process dies here: the manifest arrived, and nobody noted it.
      laptop.aws.s3.before = () => 'drop';
      return 'drop';
    };
    await failure(laptop.upload([folder]));
    laptop.aws.s3.before = laptop.aws.s3.after = () => undefined;
    laptop.aws.json.items.push(ledgerItem('SEALED'));

    const result = await laptop.upload([folder]);

    expect(result).toMatchObject({ objects: 12, resumed: 12 });
    expect((await readStoredBatch(laptop)).files.size).toBe(12);
  });

  it('stops in good order at Ctrl-C, and goes on', async () => {
    const folder = twelve();
    const controller = new AbortController();
    laptop.aws.s3.before = async ({ place: key }) => {
      if (laptop.aws.s3.objects.size < 4 || key === manifestPlace) return undefined;
      controller.abort(new UserError('interrupted', 'interrupted'));
      await sleep(20);
      return 'drop';
    };
    const interrupted = await failure(laptop.upload([folder], { signal: controller.signal }));
    laptop.aws.s3.before = () => undefined;

    const result = await laptop.upload([folder]);

    expect(interrupted.exitCode).toBe(130);
    expect(result.resumed).toBeGreaterThanOrEqual(4);
    expect((await readStoredBatch(laptop)).files.size).toBe(12);
  });

  it('goes on although KMS failed in between', async () => {
    const folder = twelve();
    laptop.aws.json.answers.GenerateDataKey = () => {
      throw new ServiceError('KMSInternalException', 500);
    };
    const interrupted = await failure(laptop.upload([folder]));
    delete laptop.aws.json.answers.GenerateDataKey;

    await laptop.upload([folder]);

    expect(interrupted.exitCode).toBe(75);
    expect((await readStoredBatch(laptop)).files.size).toBe(12);
  });

  it('does not repeat a request that was denied', async () => {
    laptop.aws.s3.before = () => s3Error(403, 'AccessDenied');

    const denied = await failure(laptop.upload([laptop.write('a.csv', 'a')]));

    expect(denied.exitCode).toBe(77);
    expect(denied.message).not.toContain('John');
    expect(puts()).toHaveLength(1);
  });

  it.each([
    ['is gone', (path: string) => rmSync(path)],
    ['became shorter', (path: string) => truncateSync(path, 100)],
    ['has other bytes', (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size))],
  ])('is refused where its ciphertext on this machine %s', async (_what, damage) => {
    const path = laptop.write('a.csv', 'a');
    laptop.aws.s3.before = () => 'drop';
    await failure(laptop.upload([path]));
    const [name = ''] = readdirSync(laptop.spoolPath());
    damage(`${laptop.spoolPath()}/${name}`);
    laptop.aws.s3.before = () => undefined;

    const refused = await failure(laptop.upload([path]));

    expect(refused.failure).toBe('badInput');
    expect(refused.message).toContain('upload to a new batch');
    expect(laptop.aws.s3.objects.size).toBe(0);
  });

  it('is refused where a file that was sent is changed or missing now', async () => {
    const [one, two] = [laptop.write('a.csv', 'a'), laptop.write('b.csv', 'b')];
    laptop.aws.s3.before = ({ place: key }) => (key === listingPlace ? 'drop' : undefined);
    await failure(laptop.upload([one, two]));
    laptop.aws.s3.before = () => undefined;

    const missing = await failure(laptop.upload([one]));
    laptop.write('b.csv', 'another content');
    const changed = await failure(laptop.upload([one, two]));

    expect(missing.message).toMatch(/^1 objects of this batch were sent from files/);
    expect(changed.message).toBe(missing.message);
    expect(laptop.aws.s3.objects.has(manifestPlace)).toBe(false);
  });

  it('is refused a file more once its listing may be on its way', async () => {
    const one = laptop.write('a.csv', 'a');
    laptop.aws.s3.before = ({ place: key }) => (key === listingPlace ? 'drop' : undefined);
    await failure(laptop.upload([one]));
    laptop.aws.s3.before = () => undefined;

    const refused = await failure(laptop.upload([one, laptop.write('b.csv', 'b')]));

    expect(refused.message).toContain('was being sealed without some of these files');
  });

  it('knows its files again by another path to them', async () => {
    const folder = twelve();
    laptop.aws.s3.before = ({ place: key }) => (key === listingPlace ? 'drop' : undefined);
    await failure(laptop.upload([folder]));
    laptop.aws.s3.before = () => undefined;
    symlinkSync(folder, laptop.path('link'));

    const result = await laptop.upload([laptop.path('link')]);

    expect(result.resumed).toBe(12);
  });
});

describe('a batch that is taken', () => {
  it('is refused before anything is sent where the ledger knows it as sealed', async () => {
    laptop.aws.json.items.push(ledgerItem('SEALED'));

    const refused = await failure(laptop.upload([laptop.write('a.csv', 'a')]));

    expect(refused.failure).toBe('badInput');
    expect(refused.message).toContain('sealed already');
    expect(laptop.aws.s3.calls).toEqual([]);
  });

  it('is refused where this machine sealed it', async () => {
    const path = laptop.write('a.csv', 'a');
    await laptop.upload([path]);
    laptop.aws.s3.calls.length = 0;

    const refused = await failure(laptop.upload([path]));

    expect(refused.message).toContain('sealed already');
    expect(laptop.aws.s3.calls).toEqual([]);
  });

  it('is refused where another machine began it', async () => {
    laptop.aws.json.items.push(ledgerItem('UPLOADING'));

    const refused = await failure(laptop.upload([laptop.write('a.csv', 'a')]));

    expect(refused.message).toContain('another machine');
    expect(laptop.aws.s3.calls).toEqual([]);
  });

  it('is gone on with where this machine began it', async () => {
    const folder = twelve();
    laptop.aws.s3.before = ({ place: key }) => (key === listingPlace ? 'drop' : undefined);
    await failure(laptop.upload([folder]));
    laptop.aws.s3.before = () => undefined;
    laptop.aws.json.items.push(ledgerItem('UPLOADING'));

    expect(await laptop.upload([folder])).toMatchObject({ resumed: 12 });
  });

  it.each([
    ['listing', () => listingPlace],
    ['manifest', () => manifestPlace],
  ])('is not sealed over where another machine stored its %s meanwhile', async (_what, key) => {
    const path = laptop.write('a.csv', 'a');
    laptop.aws.s3.objects.set(key(), Buffer.from('theirs'));

    const refused = await failure(laptop.upload([path]));

    expect(refused.message).toContain('sealed by another upload');
    expect(laptop.aws.s3.objects.get(key())?.toString()).toBe('theirs');
  });

  it('by another upload on this machine has to wait for it', async () => {
    const folder = twelve();
    const begun = Promise.withResolvers<undefined>();
    const refused = Promise.withResolvers<undefined>();
    laptop.aws.s3.before = () => {
      begun.resolve(undefined);
      return refused.promise;
    };
    const first = laptop.upload([folder]);
    await begun.promise;

    const second = await failure(laptop.upload([folder]));
    refused.resolve(undefined);
    await first;

    expect(second.exitCode).toBe(75);
    expect(second.message).toContain('another czar upload of this batch runs on this machine');
    expect((await readStoredBatch(laptop)).files.size).toBe(12);
  });
});

describe('files of the same content', () => {
  it('keep the batch from being sealed, and are named by number', async () => {
    const paths = ['a', 'b', 'c'].map((name) => laptop.write(`${name}.csv`, 'the same'));

    const refused = await failure(laptop.upload(paths, { parallel: 1 }));

    expect(refused.failure).toBe('badInput');
    expect(refused.message).toContain(
      'file 2 has the same content as file 1; file 3 has the same content as file 1',
    );
    expect(laptop.aws.s3.objects.has(manifestPlace)).toBe(false);
  });

  it('can be left out, whichever of them was sent', async () => {
    const [one, two] = ['a', 'b'].map((name) => laptop.write(`${name}.csv`, 'the same')) as [
      string,
      string,
    ];
    const refused = await failure(laptop.upload([one, two]));
    const [, double] = /^file (\d)/.exec(refused.message) ?? [];

    const result = await laptop.upload([double === '1' ? two : one]);

    expect(result).toMatchObject({ objects: 1, resumed: 1 });
  });

  it('are all stored where that is allowed, then or later', async () => {
    const paths = ['a', 'b'].map((name) => laptop.write(`${name}.csv`, 'the same'));
    await failure(laptop.upload(paths));

    const result = await laptop.upload(paths, { allowDuplicates: true });

    expect(result).toMatchObject({ objects: 2, resumed: 1 });
    expect((await readStoredBatch(laptop)).files.size).toBe(2);
  });
});

describe('a file that changes while it is read', () => {
  const large = Buffer.alloc(3 * MiB, 'x');

  it.each([
    ['grows', (path: string) => writeFileSync(path, 'y', { flag: 'a' })],
    ['shrinks', (path: string) => truncateSync(path, MiB)],
    ['is written again', (path: string) => writeFileSync(path, Buffer.alloc(3 * MiB, 'y'))],
    ['is touched', (path: string) => utimesSync(path, 1, 1)],
    ['vanishes', (path: string) => rmSync(path)],
  ])('and %s is told by its number, and nothing is sealed', async (_what, change) => {
    const paths = [laptop.write('a.csv', 'a'), laptop.write('b.csv', large)];
    laptop.aws.json.answers.GenerateDataKey = (input) => {
      change(paths[1]!);
      delete laptop.aws.json.answers.GenerateDataKey;
      return laptop.aws.json.run('GenerateDataKey', input);
    };

    const refused = await failure(laptop.upload(paths));

    expect(refused.failure).toBe('badInput');
    expect(refused.message).toBe('file 2 changed while it was read');
    expect(laptop.aws.s3.objects.has(manifestPlace)).toBe(false);
    const waiting = readdirSync(laptop.spoolPath());
    expect(waiting.filter((id) => !JSON.stringify(laptop.journal()).includes(id))).toEqual([]);
  });

  it('does not hold up the others for long, and the batch can be gone on with', async () => {
    const paths = [laptop.write('a.csv', 'a'), laptop.write('b.csv', large)];
    laptop.aws.json.answers.GenerateDataKey = (input) => {
      utimesSync(paths[1]!, 1, 1);
      delete laptop.aws.json.answers.GenerateDataKey;
      return laptop.aws.json.run('GenerateDataKey', input);
    };
    await failure(laptop.upload(paths));

    await laptop.upload(paths);

    expect((await readStoredBatch(laptop)).files.size).toBe(2);
  });
});

function ledgerItem(state: string): Record<string, unknown> {
  return { batchId, item: 'BATCH', kind: 'BATCH', state, createdAt: '2026-01-02T03:04:05.000Z' };
}
