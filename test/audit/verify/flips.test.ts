import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { manifest } from '../../../audit/bundle/bag.ts';
import type { Bundle } from '../../../audit/bundle/bundle.ts';
import { zipBundle } from '../../../audit/bundle/zip-bundle.ts';
import { bagChecks } from '../../../audit/verify/bag-checks.ts';
import { type Verification, verifyOpened } from '../../../audit/verify/verify-bundle.ts';
import { fingerprint, signatureChecks } from '../../../audit/verify/signature-checks.ts';
import { localSigner } from '../../support/local-signer.ts';
import { compose, signer } from '../bundle/compose.ts';
import { readScene } from '../scenes/read-scene.ts';

let bundle: Bundle;

beforeAll(async () => {
  bundle = await compose((await readScene('refused')).evidence);
});

const asFolder = (files: Bundle['files']): Verification =>
  verifyOpened({ container: 'folder', files, strangers: [] });
const failed = ({ checks }: Verification) =>
  checks.filter(({ passed }) => !passed).map(({ name }) => name);
const replaced = (path: string, content: Uint8Array) => new Map(bundle.files).set(path, content);

/** A copy with one bit of one byte the other way. */
function flipped(content: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(content);
  copy[at]! ^= 1 << (at % 8);
  return copy;
}

/** The first byte, the last one, and some hundred in between: a digest does not know one from another. */
function sample(length: number, most: number): number[] {
  const step = Math.max(1, Math.ceil(length / most));
  const all = Array.from({ length: Math.ceil(length / step) }, (_, index) => index * step);
  return [...new Set([...all, length - 1])];
}

it('passes as it was composed', () => {
  expect(failed(asFolder(bundle.files))).toEqual([]);
});

/** The checks that a flip cannot pass, without those that compare what files say: thousands of times. */
const listed = (files: Bundle['files']): string[] =>
  bagChecks(files, [])
    .filter(({ passed }) => !passed)
    .map(({ name }) => name);
const isSignedBy = (files: Bundle['files']) => signatureChecks(files, undefined)[0]?.passed;

describe('one flipped bit is found', () => {
  it('in every byte of the signature, and of the list that was signed', () => {
    for (const path of ['signature.der', 'tagmanifest-sha512.txt']) {
      const content = bundle.files.get(path)!;
      for (let at = 0; at < content.length; at += 1) {
        expect(isSignedBy(replaced(path, flipped(content, at))), `byte ${at} of ${path}`).toBe(
          false,
        );
      }
    }
  });

  it.each(['public-key.pem', 'bag-info.txt', 'bagit.txt', 'manifest-sha512.txt'])(
    'in every byte of %s',
    (path) => {
      const content = bundle.files.get(path)!;
      const tags = new Map([...bundle.files].filter(([name]) => !name.startsWith('data/')));

      for (let at = 0; at < content.length; at += 1) {
        const found = listed(new Map(tags).set(path, flipped(content, at)));
        expect(found, `byte ${at}`).toContain('tag manifest');
      }
    },
  );

  it('in every file of the payload: the first byte, the last, and forty in between', () => {
    const own = bundle.files.get('manifest-sha512.txt')!;
    for (const [path, content] of bundle.files) {
      if (!path.startsWith('data/')) continue;
      for (const at of sample(content.length, 40)) {
        const { checks } = verifyFile(path, flipped(content, at), own);
        expect(checks, `byte ${at} of ${path}`).toContain(`${path} was changed`);
      }
    }
  });

  it('in some of everything, by the whole of the verification', () => {
    const zip = zipBundle(bundle);

    for (const at of sample(zip.length, 60)) {
      const found = failed(verifyOpened({ container: 'zip', bytes: flipped(zip, at) }));
      expect(found.length, `byte ${at}`).toBeGreaterThan(0);
    }
  });

  it('in every byte of every header of the zip, of its directory and of its end', () => {
    // Short contents: what they are is not asked here.
    const files = new Map([...bundle.files.keys()].map((path) => [path, Buffer.from('x')]));
    const zip = zipBundle({ ...bundle, files });
    const plain = failed(verifyOpened({ container: 'zip', bytes: zip }));

    for (let at = 0; at < zip.length; at += 1) {
      const found = failed(verifyOpened({ container: 'zip', bytes: flipped(zip, at) }));
      expect(found, `byte ${at} of the zip`).toContain('zip');
    }
    expect(plain).not.toContain('zip');
  });
});

/** What the payload's list says of one file: the others are left out of it. */
function verifyFile(path: string, content: Uint8Array, list: Uint8Array) {
  const line = Buffer.from(list)
    .toString()
    .split('\n')
    .find((each) => each.endsWith(`  ${path}`));
  const files = new Map<string, Uint8Array>([
    ['manifest-sha512.txt', Buffer.from(`${line}\n`)],
    [path, content],
  ]);
  return { checks: bagChecks(files, []).flatMap(({ problems }) => problems) };
}

describe('what is wrong with the files', () => {
  it.each([
    ...new Set([
      'bag-info.txt',
      'bagit.txt',
      'manifest-sha512.txt',
      'tagmanifest-sha512.txt',
      'public-key.pem',
      'signature.der',
      'data/record.json',
      'data/events.jsonl',
      'data/objects.csv',
      'data/graph.svg',
      'data/report.html',
    ]),
  ])('is told where %s was omitted', (path) => {
    const files = new Map(bundle.files);
    files.delete(path);

    const { passed, checks } = asFolder(files);

    expect(passed).toBe(false);
    expect(checks.flatMap(({ problems }) => problems)).toContain(`${path} is missing`);
  });

  it('is told where a file was added, under a name that a bundle could have or not', () => {
    const files = new Map(bundle.files);
    files.delete('data/graph.svg');
    const relisted = new Map(files).set(
      'manifest-sha512.txt',
      Buffer.from(manifest(payloadOf(files))),
    );
    const back = new Map(relisted).set('data/graph.svg', bundle.files.get('data/graph.svg')!);

    expect(asFolder(back).checks.flatMap(({ problems }) => problems)).toContain(
      'data/graph.svg is not listed in manifest-sha512.txt: it was added',
    );
    expect(failed(asFolder(replaced('data/notes.txt', Buffer.from('x'))))).toContain('structure');
  });

  it('is told where files were exchanged for each other', () => {
    const files = new Map(bundle.files)
      .set('data/mails.csv', bundle.files.get('data/objects.csv')!)
      .set('data/objects.csv', bundle.files.get('data/mails.csv')!);

    expect(failed(asFolder(files))).toEqual(expect.arrayContaining(['manifest', 'tables']));
  });

  it('is told where a list names a file twice, or a place outside', () => {
    const text = Buffer.from(bundle.files.get('manifest-sha512.txt')!).toString();
    const [first = ''] = text.split('\n');
    const outside = `${'0'.repeat(128)}  data/../../etc/passwd\n`;

    const problems = asFolder(
      replaced('manifest-sha512.txt', Buffer.from(`${text}${first}\n${outside}`)),
    ).checks.flatMap((each) => each.problems);

    expect(problems).toContain('line 14 of manifest-sha512.txt lists data/access.csv again');
    expect(problems).toContain('line 15 of manifest-sha512.txt lists no file of a bundle');
  });
});

const payloadOf = (files: Bundle['files']) =>
  new Map([...files].filter(([path]) => path.startsWith('data/')));

/** What somebody does who changes a file and makes all the lists anew, and signs with a key of theirs. */
async function forged(path: string, content: Uint8Array): Promise<Bundle['files']> {
  const files = replaced(path, content);
  files.set('manifest-sha512.txt', Buffer.from(manifest(payloadOf(files))));
  const thief = localSigner();
  files.set('public-key.pem', Buffer.from(await thief.publicKeyPem()));
  const tags = ['bag-info.txt', 'bagit.txt', 'manifest-sha512.txt', 'public-key.pem'];
  const list = Buffer.from(manifest(new Map(tags.map((tag) => [tag, files.get(tag)!]))));
  files.set('tagmanifest-sha512.txt', list);
  return files.set('signature.der', await thief.sign(list));
}

describe('a forger who makes the lists anew, and signs with another key', () => {
  it('is found by the key that was named, whatever else agrees', async () => {
    const report = Buffer.from('<p>all is well</p>');
    const key = fingerprint(await signer.publicKeyPem());
    const files = await forged('data/report.html', report);

    const named = verifyOpened({ container: 'folder', files, strangers: [] }, { key });

    expect(failed(named)).toContain('key');
    expect(
      failed(verifyOpened({ container: 'folder', files: bundle.files, strangers: [] }, { key })),
    ).toEqual([]);
  });

  it('is found by what the record, the crate and bag-info.txt say of each other', async () => {
    const change = (path: string, from: RegExp, to: string) =>
      forged(path, Buffer.from(Buffer.from(bundle.files.get(path)!).toString().replace(from, to)));

    const found = async (...args: Parameters<typeof change>) =>
      failed(asFolder(await change(...args)));

    expect(await found('data/record.json', /"status": "FAILED"/g, '"status": "SUCCEEDED"')).toEqual(
      expect.arrayContaining(['bag info', 'history', 'crate']),
    );
    expect(await found('data/record.json', /"version": 1/, '"version": 1, "note": "x"')).toContain(
      'record',
    );
    expect(await found('data/definition.asl.json', /"StartAt"/, '"Startat"')).toContain(
      'definition',
    );
    expect(
      await found('data/ro-crate-metadata.json', /FailedActionStatus/, 'CompletedActionStatus'),
    ).toContain('crate');
    expect(
      await found('data/ro-crate-metadata.json', /"objects\.csv"/g, '"../objects.csv"'),
    ).toContain('crate');
    expect(await found('data/trace.csv', /\r\n[^\r]+\r\n$/, '\r\n')).toContain('tables');
    expect(await found('data/mails.csv', /^execution/, 'executions')).toContain('tables');
    expect(await found('data/events.jsonl', /[^\n]+\n$/, '')).toContain('events');
    expect(await found('bag-info.txt', /Version: 1/, 'Version: 2')).toContain('bag info');
    expect(await found('bag-info.txt', /Status: FAILED/, 'Status: SUCCEEDED')).toContain(
      'bag info',
    );
    expect(await found('bag-info.txt', /Redrives: 0\n/, 'Redrives: 0\nRedrives: 0\n')).toContain(
      'bag info',
    );
  });

  it('is found where the record of another run was put in', async () => {
    const { evidence } = await readScene('aborted');
    const other = await compose(evidence);

    const files = await forged('data/record.json', other.files.get('data/record.json')!);

    expect(failed(asFolder(files))).toEqual(
      expect.arrayContaining(['bag info', 'events', 'history', 'crate', 'tables']),
    );
  });
});

it('takes no key that is not on the curve, and no private key', () => {
  expect(() => fingerprint('-----BEGIN PRIVATE KEY-----\n')).toThrow('no public key');
  expect(() => fingerprint('')).toThrow('no public key');
});

it('tells the fingerprint that anybody can compute from the key', async () => {
  const pem = await signer.publicKeyPem();
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\n/g, ''), 'base64');

  expect(asFolder(bundle.files).keyFingerprint).toBe(
    createHash('sha256').update(der).digest('hex'),
  );
});
