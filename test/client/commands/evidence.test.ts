import { generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { zipBundle } from '../../../audit/bundle/zip-bundle.ts';
import { fingerprint } from '../../../audit/verify/signature-checks.ts';
import { evidenceKey } from '../../../workflow/model/keys.ts';
import { executionHash } from '../../../workflow/model/names.ts';
import { compose } from '../../audit/bundle/compose.ts';
import { fixtures, readScene } from '../../audit/scenes/read-scene.ts';
import { ServiceError } from '../fake-aws/fake-json-services.ts';
import { clientSettings } from '../fake-aws/study.ts';
import { useLaptop } from '../laptop.ts';
import { czar, jsonLines } from '../run-czar.ts';

const laptop = useLaptop();
const scene = await readScene('refused');
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
const lines = readFileSync(new URL('refused.jsonl', fixtures), 'utf8').trimEnd().split('\n');
const described = (
  JSON.parse(lines[0]!) as {
    execution: { executionArn: string; stateMachineArn: string; started: string; ended: string };
  }
).execution;
const arn = described.executionArn;
const name = `evidence-${scene.record.request.batchId}-${executionHash(arn)}-0`;
const seconds = (time: string) => Date.parse(time) / 1000;

/** A deployment with the key of evidence, and the recorded run that was refused. */
function deployment(): void {
  const { record } = scene;
  const { answers } = laptop.aws.json;
  answers.GetPublicKey = () => ({
    PublicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  });
  answers.DescribeExecution = () => ({
    ...described,
    status: record.execution.status,
    startDate: seconds(described.started),
    stopDate: seconds(described.ended),
    error: record.execution.error,
    input: JSON.stringify({ batchId: record.request.batchId }),
  });
}

const stored = async (): Promise<Buffer> => {
  const bundle = await compose(scene.evidence, {
    signer: {
      publicKeyPem: () => Promise.resolve(pem),
      sign: (text) => Promise.resolve(sign('sha384', text, privateKey)),
    },
    writtenBy: 'lifecycle',
  });
  return Buffer.from(zipBundle(bundle));
};

function store(zip: Buffer): void {
  const key = evidenceKey({
    study: 'czarhipaa',
    batchId: scene.record.request.batchId,
    executionHash: executionHash(arn),
    redrive: 0,
  });
  laptop.aws.s3.objects.set(`${clientSettings.logBucket}/${key}`, zip);
}

describe('czar evidence export', () => {
  it('fetches what the deployment wrote, verifies it, and writes a folder and a zip', async () => {
    deployment();
    const zip = await stored();
    store(zip);

    const { code, stdout, stderr } = await czar('evidence', 'export', arn, '--out', laptop.root);

    expect([code, stdout]).toEqual([0, `${name}\n${name}.zip\n`]);
    expect(stderr).toContain('fetching');
    expect(readFileSync(join(laptop.root, `${name}.zip`))).toEqual(zip);
    const verified = await czar(
      'evidence',
      'verify',
      join(laptop.root, name),
      '--key',
      fingerprint(pem),
    );
    expect(verified.code).toBe(0);
    expect(verified.stdout).toContain('VERIFIED: 13 checks passed');
    expect(readdirSync(laptop.root).filter((each) => each.includes('part'))).toEqual([]);
  });

  it('writes only the zip, or only the folder, and not nothing', async () => {
    deployment();
    store(await stored());
    const out = laptop.path('out');

    const zip = await czar('evidence', 'export', arn, '--out', out, '--no-folder');
    const folder = await czar('evidence', 'export', arn, '--out', out, '--no-zip', '--json');
    const nothing = await czar('evidence', 'export', arn, '--no-zip', '--no-folder');

    expect(zip.stdout).toBe(`${name}.zip\n`);
    expect(jsonLines(folder.stdout)).toMatchObject([
      { executionArn: arn, written: [name], keyFingerprint: fingerprint(pem) },
    ]);
    expect(nothing.code).toBe(64);
  });

  it('replaces nothing, and leaves nothing of its own behind', async () => {
    deployment();
    store(await stored());
    writeFileSync(join(laptop.root, `${name}.zip`), 'mine');
    const before = readdirSync(laptop.root);

    const { code, stderr } = await czar('evidence', 'export', arn, '--out', laptop.root);

    expect([code, stderr]).toEqual([73, expect.stringContaining('is not replaced')]);
    expect(readdirSync(laptop.root)).toEqual(before);
    expect(readFileSync(join(laptop.root, `${name}.zip`), 'utf8')).toBe('mine');
  });

  it('hands out nothing that does not verify, or was signed with another key', async () => {
    deployment();
    const zip = await stored();
    zip[5_000]! ^= 1;
    store(zip);

    const flipped = await czar('evidence', 'export', arn, '--out', laptop.root);
    store(Buffer.from(zipBundle(await compose(scene.evidence))));
    const other = await czar('evidence', 'export', arn, '--out', laptop.root);

    expect([flipped.code, flipped.stderr]).toEqual([1, expect.stringContaining('does not verify')]);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('another key')]);
    expect(existsSync(join(laptop.root, name))).toBe(false);
  });

  it('says that none is stored yet, or that the execution still runs', async () => {
    deployment();

    const none = await czar('evidence', 'export', arn, '--out', laptop.root);
    laptop.aws.json.answers.DescribeExecution = () => ({
      ...described,
      status: 'RUNNING',
      startDate: seconds(described.started),
    });
    const running = await czar('evidence', 'export', arn, '--out', laptop.root);

    expect([none.code, none.stderr]).toEqual([65, expect.stringContaining('is stored')]);
    expect([running.code, running.stderr]).toEqual([65, expect.stringContaining('not ended')]);
  });

  it('knows from the ledger which run it was, when Step Functions has forgotten it', async () => {
    deployment();
    store(await stored());
    const batchId = scene.record.request.batchId!;
    laptop.aws.json.answers.DescribeExecution = () => {
      throw new ServiceError('ExecutionDoesNotExist');
    };
    laptop.aws.json.items.push({
      batchId,
      item: 'BATCH',
      kind: 'BATCH',
      state: 'FAILED',
      createdAt: '2026-11-23T10:00:00.000Z',
      executionArn: arn,
      redrive: 0,
    });

    const byBatch = await czar('evidence', 'export', batchId, '--out', laptop.root);
    const byArn = await czar('evidence', 'export', arn, '--out', laptop.root);

    expect([byBatch.code, byBatch.stdout]).toEqual([0, `${name}\n${name}.zip\n`]);
    expect([byArn.code, byArn.stderr]).toEqual([65, expect.stringContaining('name the batch')]);
  });

  it('refuses an access log and an assembly that cannot be read, and repeats no path', async () => {
    deployment();
    const { answers } = laptop.aws.json;
    answers.DescribeStateMachineForExecution = () => ({ definition: '{}' });
    answers.GetExecutionHistory = () => ({ events: [] });

    const log = await czar('evidence', 'export', arn, '--access-log', laptop.path('Zebedee.jsonl'));
    const empty = await czar(
      'evidence',
      'export',
      arn,
      '--access-log',
      laptop.write('a.jsonl', ''),
    );
    const assembly = await czar('evidence', 'export', arn, '--assembly', laptop.path('Zebedee'));

    expect([empty.code, empty.stderr]).toEqual([65, expect.stringContaining('has no record')]);
    for (const { code, stderr } of [log, assembly]) {
      expect([code, stderr]).toEqual([65, expect.stringContaining('cannot be')]);
      expect(stderr).not.toContain('Zebedee');
    }
  });
});

describe('czar evidence verify', () => {
  it('needs no deployment and no credentials, and says what it checked and what not', async () => {
    const zip = laptop.write('evidence.zip', await stored());
    laptop.aws.stop();

    const { code, stdout } = await czar('evidence', 'verify', zip);

    expect(code).toBe(0);
    expect(stdout).toContain(`evidence of execution ${executionHash(arn)} (redrive 0)`);
    expect(stdout.match(/^ok {6}/gm)).toHaveLength(13);
    expect(stdout).toContain('not checked: who signed');
    expect(stdout).toContain(`key in the bundle: ${fingerprint(pem)}`);
    expect(stdout).toMatch(/VERIFIED: 13 checks passed\n$/);
  });

  it('takes the key as a fingerprint, with colons or without, and as a PEM file', async () => {
    const zip = laptop.write('evidence.zip', await stored());
    const hex = fingerprint(pem);
    const keys = [hex, hex.toUpperCase().replace(/..(?!$)/g, '$&:'), laptop.write('key.pem', pem)];

    for (const key of keys) {
      const { code, stdout } = await czar('evidence', 'verify', zip, '--key', key);
      expect([code, stdout]).toEqual([0, expect.stringContaining('VERIFIED: 14 checks passed')]);
      expect(stdout).not.toContain('who signed');
    }
    const other = await czar('evidence', 'verify', zip, '--key', '0'.repeat(64), '--json');
    expect(other.code).toBe(1);
    expect(jsonLines(other.stdout)).toMatchObject([{ passed: false, keyFingerprint: hex }]);
  });

  it('ends with 1 where a byte was flipped, and says where', async () => {
    const zip = await stored();
    zip[3_000]! ^= 1;

    const { code, stdout } = await czar('evidence', 'verify', laptop.write('evidence.zip', zip));

    expect(code).toBe(1);
    expect(stdout).toContain('FAILED  zip');
    expect(stdout).toMatch(/- data\/[a-z-]+\.[a-z.]+ was changed/);
    expect(stdout).toMatch(/NOT VERIFIED: \d+ of \d+ checks failed\n$/);
  });

  it.each([
    ['a path where nothing is', 65, ['nowhere']],
    ['a key that is none', 64, ['nowhere', '--key', 'abc']],
  ])('refuses %s, and repeats it not', async (_what, expected, args) => {
    const { code, stderr } = await czar('evidence', 'verify', ...args);

    expect(code).toBe(expected);
    expect(stderr).not.toMatch(/nowhere|abc/);
  });
});

it('prints the key of a deployment, and its fingerprint', async () => {
  deployment();

  const { code, stdout } = await czar('evidence', 'key');

  expect([code, stdout]).toEqual([0, `${pem}fingerprint: ${fingerprint(pem)}\n`]);
});
