import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCzar } from '../../local/demo/run-czar.ts';
import { executionHash } from '../../workflow/model/names.ts';
import { craftBatch, visitRows, visitsText } from './support/craft-batch.ts';
import { readAccessLog } from './support/read-access-log.ts';
import { type BatchEnd, runBatch } from './support/run-batch.ts';
import { settled } from './support/settle.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';

let study: StudyCloud;
let end: BatchEnd;
let batchId: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'czar-export-'));
  study = await startStudyCloud();
  const batch = await craftBatch(study, [{ text: visitsText(visitRows(0, 40)) }]);
  ({ batchId } = batch);
  end = await runBatch(study, batchId, { workers: 1 });
  await settled(study);
  await study.cloud.flush();
});

afterAll(async () => {
  await study.stop();
  await rm(folder, { recursive: true });
});

/** Runs `czar evidence` with a role's rights. */
async function evidence(role: 'auditor' | 'researcher', ...args: readonly string[]) {
  const { accessKeyId, secretAccessKey, sessionToken } = study.cloud.personCredentials(role);
  return runCzar(['evidence', ...args], {
    AWS_ENDPOINT_URL: study.cloud.endpoint,
    AWS_REGION: study.cloud.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  });
}

const name = () => `evidence-${batchId}-${executionHash(end.executionArn)}-0`;
const bagInfo = (out: string) => readFile(join(out, name(), 'bag-info.txt'), 'utf8');

describe('czar evidence export', () => {
  it('hands the auditor what the deployment wrote, and it verifies with the deployment’s key', async () => {
    const out = join(folder, 'stored');

    const { exitCode, stdout } = await evidence('auditor', 'export', batchId, '--out', out);
    const { keyFingerprint } = JSON.parse((await evidence('auditor', 'key', '--json')).stdout) as {
      keyFingerprint: string;
    };
    const zip = join(out, `${name()}.zip`);
    const verified = await evidence('auditor', 'verify', zip, '--key', keyFingerprint);

    expect([exitCode, stdout]).toEqual([0, `${name()}\n${name()}.zip\n`]);
    expect([verified.exitCode, verified.stdout]).toEqual([
      0,
      expect.stringContaining('VERIFIED: 14 checks passed'),
    ]);
    expect(await bagInfo(out)).toContain('Composed-By: lifecycle\n');
  });

  it('composes it anew with the access log, and the signing is on record', async () => {
    const out = join(folder, 'composed');
    const log = ['--access-log', study.cloud.accessLogPath];

    const { exitCode, stderr } = await evidence('auditor', 'export', batchId, '--out', out, ...log);
    const verified = await evidence('auditor', 'verify', join(out, name()));

    await study.cloud.flush();
    const signings = (await readAccessLog(study)).filter(
      ({ eventName, userIdentity }) =>
        eventName === 'Sign' && userIdentity.arn?.includes('czarhipaa-auditor'),
    );
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('composing')]);
    expect(verified.exitCode).toBe(0);
    expect(verified.stdout).not.toContain('who did what');
    expect(await bagInfo(out)).toMatch(/Composed-By: auditor\n[\s\S]+Access-Log: \d+ records/);
    expect(await readFile(join(out, name(), 'data/ro-crate-metadata.json'), 'utf8')).toContain(
      'https://w3id.org/5s-crate/0.4',
    );
    expect(signings).toHaveLength(1);
  });

  it('is denied to a researcher, who gets nothing', async () => {
    const out = join(folder, 'denied');

    const { exitCode } = await evidence('researcher', 'export', batchId, '--out', out);

    expect(exitCode).toBe(77);
    expect(existsSync(join(out, name()))).toBe(false);
  });
});
