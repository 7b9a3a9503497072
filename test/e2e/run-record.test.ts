import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { readJsonLines } from '../../audit/access/read-access-log.ts';
import { digestAssembly } from '../../audit/assembly-digests.ts';
import { drawRunGraph } from '../../audit/graph/run-graph.ts';
import { writeReport } from '../../audit/report/write-report.ts';
import { readRunEvidence, readRunRecord, type RunEvidence } from '../../audit/read-run-record.ts';
import { runCzar } from '../../local/demo/run-czar.ts';
import { executionHash } from '../../workflow/model/names.ts';
import { craftBatch, visitRows, visitsText } from './support/craft-batch.ts';
import { readAccessLog, sessionOf } from './support/read-access-log.ts';
import { type BatchEnd, newBatchId, runBatch } from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';

/** Stand in the objects and their names, and nowhere in the evidence. */
const canaries = ['Zebedee', 'Quagmire', 'quagmire.csv'];

let study: StudyCloud;
let end: BatchEnd;
let evidence: RunEvidence;

beforeAll(async () => {
  study = await startStudyCloud();
  const rows = (from: number) => visitsText(visitRows(from, from + 40));
  const { batchId } = await craftBatch(study, [
    { text: rows(0), name: 'quagmire.csv' },
    { text: rows(40) },
    { text: 'Zebedee Quagmire', fault: 'flipped byte' },
  ]);
  end = await runBatch(study, batchId, { tolerateFailedObjects: 1, ticket: 'QUAGMIRE-1' });
  await study.cloud.flush();
  const { sfn, ledger } = study.as('auditor');
  evidence = await readRunEvidence(
    {
      study: study.settings.study,
      sfn,
      ledger,
      accessLog: readJsonLines(study.cloud.accessLogPath),
      digests: await digestAssembly(inject('assembly')),
    },
    end.executionArn,
  );
});

afterAll(() => study.stop());

it('says of the run what history and ledger say', () => {
  const { record } = evidence;

  expect(record.execution).toMatchObject({
    hash: executionHash(end.executionArn),
    status: 'SUCCEEDED',
    redrives: 0,
  });
  expect(record.states.map(({ state }) => state)).toEqual(end.states);
  expect(record.batch).toMatchObject({ state: end.batch?.state, objects: 3, runs: 1 });
  expect(
    record.objects.map(({ objectId, state, bytes, sha256, attempts, reason }) => ({
      objectId,
      state,
      bytes,
      sha256,
      attempts,
      reason,
    })),
  ).toEqual(
    end.objects.map(({ objectId, state, sizeBytes: bytes, sha256, attempts = 0, reason }) => ({
      objectId,
      state,
      bytes,
      sha256,
      attempts,
      reason,
    })),
  );
  expect(record.objects.filter(({ state }) => state === 'FAILED')).toHaveLength(1);
  expect(record.digests?.templates.length).toBeGreaterThan(3);
});

it('says of the machines and the key what the access log says', async () => {
  const log = await readAccessLog(study);
  const { access, workers } = evidence.record;
  const machines = workers.flatMap(({ attempts }) =>
    attempts.flatMap(({ instanceId }) => instanceId ?? []),
  );
  const uses = (operation: string) =>
    log.filter((call) => call.eventName === operation && machines.includes(sessionOf(call))).length;

  expect(
    access?.existed
      .filter(({ kind }) => kind === 'instance')
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(machines.toSorted());
  expect(
    access?.existed.every(({ made, ended }) => made !== undefined && ended !== undefined),
  ).toBe(true);
  expect(access?.grants.reduce((sum, { used }) => sum + used, 0)).toBe(
    uses('Decrypt') + uses('GenerateDataKey'),
  );
  expect(access?.denied).toEqual([]);
  expect(evidence.record.runs[0]?.startedBy?.by).toMatchObject({
    kind: 'person',
    name: 'czarhipaa-operator',
  });
});

it('draws the run from the definition that ran', () => {
  const svg = drawRunGraph(evidence.definition, evidence.record);

  expect(svg).toContain('SUCCEEDED');
  expect(svg).toContain('data-state="Batch Succeeded" data-outcome="succeeded"');
});

it('says nothing of calls where no access log is given', async () => {
  const { sfn, ledger } = study.as('operator');

  const record = await readRunRecord({ study: 'czarhipaa', sfn, ledger }, end.executionArn);

  expect(record).toEqual({
    ...evidence.record,
    access: undefined,
    digests: undefined,
    runs: evidence.record.runs.map((run) => ({ ...run, startedBy: undefined })),
  });
});

it('is drawn by czar graph, with the rights of the auditor', async () => {
  const { accessKeyId, secretAccessKey, sessionToken } = study.cloud.personCredentials('auditor');
  const environment = {
    AWS_ENDPOINT_URL: study.cloud.endpoint,
    AWS_REGION: study.cloud.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };

  const drawn = await runCzar(['graph', end.batch?.batchId ?? ''], environment);
  const unknown = await runCzar(['graph', newBatchId()], environment);

  expect(drawn.exitCode).toBe(0);
  expect(drawn.stdout).toMatch(/^<svg [^>]*role="img"/);
  expect(drawn.stdout.match(/data-outcome="succeeded"/g)?.length).toBeGreaterThan(10);
  expect(unknown.exitCode).toBe(65);
  expect(unknown.stderr).toContain('there is no such batch');
});

it('is told by czar evidence report, with the rights of the auditor', async () => {
  const { accessKeyId, secretAccessKey, sessionToken } = study.cloud.personCredentials('auditor');
  const environment = {
    AWS_ENDPOINT_URL: study.cloud.endpoint,
    AWS_REGION: study.cloud.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };

  const command = ['evidence', 'report', end.executionArn];

  const told = await runCzar(command, environment);
  const whole = await runCzar(
    [...command, '--access-log', study.cloud.accessLogPath, '--assembly', inject('assembly')],
    environment,
  );
  const unread = await runCzar([...command, '--access-log', '/no/quagmire'], environment);

  expect(told.exitCode).toBe(0);
  // The log has grown since the evidence was read.
  expect(whole.stdout).toContain('by operator (czarhipaa-operator)');
  expect(whole.stdout).toContain(`<td>${evidence.record.digests?.templates[0]?.sha256}`);
  expect(unread.exitCode).toBe(65);
  expect(unread.stderr).toContain('what --access-log names cannot be read');
  expect(unread.stderr).not.toContain('quagmire');
  expect(told.stdout).toMatch(/^<!doctype html>/);
  expect(told.stdout).toContain('No access log was read');
});

it('has no canary in it', () => {
  const text = JSON.stringify(evidence.record) + writeReport(evidence);

  for (const canary of canaries) expect(text.toLowerCase()).not.toContain(canary.toLowerCase());
});
