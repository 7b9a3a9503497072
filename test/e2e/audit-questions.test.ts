import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnsweredCall } from '../../audit/questions/answered-call.ts';
import type { KeyLife } from '../../audit/questions/key-life.ts';
import { runCzar } from '../../local/demo/run-czar.ts';
import { deliverKey } from '../../tasks/deliver-key/deliver-key.ts';
import { launchWorker } from '../../tasks/launch-worker/launch-worker.ts';
import { craftBatch, type CraftedBatch, visitRows, visitsText } from './support/craft-batch.ts';
import { readAccessLog } from './support/read-access-log.ts';
import { type BatchEnd, runBatch } from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';

let study: StudyCloud;
let batch: CraftedBatch;
let end: BatchEnd;

/** A batch whose execution has a canary in its ticket; then the auditor asks for a key with another one. */
beforeAll(async () => {
  study = await startStudyCloud();
  const rows = (from: number) => visitsText(visitRows(from, from + 40));
  batch = await craftBatch(study, [{ text: rows(0) }, { text: rows(40) }]);
  end = await runBatch(study, batch.batchId, { workers: 1, ticket: 'QUAGMIRE-1' });
  const { s3, settings } = study.as('auditor');
  const asked = s3.send(
    new GetObjectCommand({ Bucket: settings.inputBucket, Key: 'in/Tuppence-Boggs' }),
  );
  await expect(asked).rejects.toMatchObject({ name: 'AccessDenied' });
  await study.cloud.flush();
});

afterAll(() => study.stop());

/** Runs `czar audit` with the auditor's rights and `--json`. */
async function audit(...args: readonly string[]) {
  const { accessKeyId, secretAccessKey, sessionToken } = study.cloud.personCredentials('auditor');
  const run = await runCzar(['audit', ...args, '--json'], {
    AWS_ENDPOINT_URL: study.cloud.endpoint,
    AWS_REGION: study.cloud.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  });
  return { ...run, answer: JSON.parse(run.stdout) as Record<string, unknown> };
}

const log = () => ['--access-log', study.cloud.accessLogPath] as const;

describe('czar audit access', () => {
  it('tells of one object exactly the calls that were made on it', async () => {
    const { objectId } = batch.objects[0]!;

    const { exitCode, answer } = await audit('access', '--object', objectId, ...log());

    const made = (await readAccessLog(study)).filter(({ requestParameters }) =>
      JSON.stringify(requestParameters).includes(objectId),
    );
    const calls = answer.calls as AnsweredCall[];
    expect(exitCode).toBe(0);
    expect(calls.map(({ at, call }) => [at, call])).toEqual(
      made.map(({ eventTime, eventSource, eventName }) => [
        eventTime,
        `${eventSource.split('.')[0]!}:${eventName}`,
      ]),
    );
    expect(
      calls
        .filter(({ call }) => call.startsWith('s3:'))
        .map(({ call, by, outcome }) => [call, by.kind, outcome]),
    ).toEqual([
      ['s3:PutObject', 'person', 'allowed'],
      ['s3:GetObject', 'worker', 'allowed'],
      ['s3:PutObject', 'worker', 'allowed'],
      // Its result, for the batch's.
      ['s3:GetObject', 'worker', 'allowed'],
    ]);
  });

  it('tells what was denied to a role', async () => {
    const { answer } = await audit('access', '--principal', 'auditor', ...log());

    const denied = (answer.calls as AnsweredCall[]).filter(({ outcome }) => outcome === 'denied');
    expect(denied).toMatchObject([{ call: 's3:GetObject', error: 'AccessDenied', on: [] }]);
    expect(answer.counts).toMatchObject({ denied: 1 });
    expect(JSON.stringify(answer)).not.toContain('Boggs');
  });

  it('tells of a run who started it and what its machine did', async () => {
    const { answer } = await audit('access', '--run', batch.batchId, ...log());

    const told = (answer.calls as AnsweredCall[]).map(({ call, by }) => `${call} by ${by.kind}`);
    expect(told).toEqual(
      expect.arrayContaining([
        'states:StartExecution by person',
        'ec2:RunInstances by function',
        'kms:CreateGrant by function',
        'kms:Decrypt by worker',
        'kms:RevokeGrant by function',
        'ec2:TerminateInstances by function',
      ]),
    );
  });
});

describe('czar audit leaks', () => {
  it('finds nothing after a clean run, and says where it looked', async () => {
    const { exitCode, answer } = await audit('leaks', batch.batchId, ...log());

    const searched = answer.searched as { surface: string; characters: number }[];
    expect(answer.found).toEqual([]);
    expect(exitCode).toBe(0);
    expect(searched.map(({ surface }) => surface)).toEqual([
      'history',
      'ledger',
      'listing',
      'log groups',
      'access log',
    ]);
    expect(searched.every(({ characters }) => characters > 100)).toBe(true);
  });

  it('finds planted canaries on their surfaces, and repeats none', async () => {
    const canaries = ['--canary', 'quagmire', '--canary', 'Tuppence Boggs', '--canary', 'Boggs'];

    const { exitCode, stdout, answer } = await audit(
      'leaks',
      end.executionArn,
      ...canaries,
      ...log(),
    );

    const found = answer.found as { surface: string; detector: string; count: number }[];
    expect(exitCode).toBe(1);
    expect(new Set(found.map(({ surface, detector }) => `${detector} in ${surface}`))).toEqual(
      new Set(['CANARY-1 in history', 'CANARY-3 in access log']),
    );
    expect(stdout).not.toMatch(/quagmire|boggs/i);
  });

  it('finds what a function logged that it must not have', async () => {
    const folders = await readdir(study.cloud.logsDirectory);
    const group = folders.find((name) => name.startsWith('czarhipaa-Batch-TasksNotify'))!;
    const line = `${new Date().toISOString()} {"message":"Hortensia Puddlewick"}\n`;
    await writeFile(join(study.cloud.logsDirectory, group, 'planted.log'), line);

    const { exitCode, answer } = await audit('leaks', batch.batchId, '--canary', 'Puddlewick');

    expect(exitCode).toBe(1);
    expect(answer.found).toEqual([{ surface: 'log groups', detector: 'CANARY-1', count: 1 }]);
  });
});

describe('czar audit key and leftovers', () => {
  it('tell a clean run: each grant ended, and nothing left', async () => {
    const key = await audit('key', '--run', batch.batchId, ...log());
    const left = await audit('leftovers');

    const grants = key.answer.grants as { end?: { call: string } }[];
    const uses = key.answer.uses as KeyLife['uses'];
    expect(grants.map((grant) => grant.end?.call)).toEqual(['RevokeGrant']);
    expect(uses.map(({ by, operation, context }) => [by.kind, operation, context?.kind])).toEqual(
      expect.arrayContaining([
        ['person', 'GenerateDataKey', 'input'],
        ['worker', 'Decrypt', 'input'],
        ['worker', 'GenerateDataKey', 'result'],
      ]),
    );
    expect(key.answer).toMatchObject({ denied: [], exist: [] });
    expect(left.answer).toMatchObject({ left: [], running: [], executions: 0 });
    expect(left.exitCode).toBe(0);
  });

  it('find an instance that was launched, and a grant that was made, after the end', async () => {
    const instanceId = await launchLate();
    await grantLate(instanceId);

    const left = await audit('leftovers');
    const key = await audit('key', '--run', batch.batchId, ...log());

    const found = left.answer.left as { kind: string; batchId?: string; advice: string }[];
    expect(left.exitCode).toBe(1);
    expect(found.map(({ kind }) => kind).toSorted()).toEqual([
      'grant',
      'instance',
      'interface',
      'volume',
      'volume',
    ]);
    expect(found.every(({ batchId }) => batchId === batch.batchId)).toBe(true);
    expect(found[0]).toMatchObject({
      id: instanceId,
      since: expect.stringMatching(/^20.*Z$/) as string,
      advice: expect.stringContaining('the hourly sweep ends it') as string,
    });
    expect(key.answer.exist).toHaveLength(1);
  });
});

const slot = () => ({
  batchId: batch.batchId,
  executionArn: end.executionArn,
  redrive: 0,
  redriven: false,
  workerIndex: 0,
  attempt: 2,
});

const config = (role: string) => ({
  endpoint: study.cloud.endpoint,
  region: study.cloud.region,
  credentials: study.cloud.credentials(role, 'late'),
});

async function parametersOf(call: string): Promise<Readonly<Record<string, unknown>>> {
  const records = await readAccessLog(study);
  return records.find(({ eventName }) => eventName === call)!.requestParameters!;
}

/** Launches one more worker, with the rights of the function that does. */
async function launchLate(): Promise<string> {
  const { launchTemplate, subnetId } = (await parametersOf('RunInstances')) as {
    launchTemplate: { launchTemplateId: string; version: string };
    subnetId: string;
  };
  const { instanceId } = await launchWorker(
    { ...slot(), tenancy: 'dedicated', instanceType: 'm7i.large' },
    {
      ec2: new EC2Client(config('TasksLaunchWorkerRole')),
      study: study.settings.study,
      launchTemplate: { id: launchTemplate.launchTemplateId, version: launchTemplate.version },
      subnetIds: [subnetId],
    },
  );
  return instanceId;
}

/** Makes one more grant, with the rights of the function that does. */
async function grantLate(instanceId: string): Promise<void> {
  const { granteePrincipal } = (await parametersOf('CreateGrant')) as { granteePrincipal: string };
  const [, , , , account = '', assumed = ''] = granteePrincipal.split(':');
  await deliverKey(
    { ...slot(), instanceId },
    {
      kms: new KMSClient(config('TasksDeliverKeyRole')),
      study: study.settings.study,
      keyArn: study.settings.dataKeyArn,
      workerRoleArn: `arn:aws:iam::${account}:role/${assumed.split('/')[1]!}`,
    },
  );
}
