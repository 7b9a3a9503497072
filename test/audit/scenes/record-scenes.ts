/**
 * Records the fixtures of test/audit anew: `node test/audit/scenes/record-scenes.ts [<scene> …]`.
 *
 * Each scene runs a batch in an embedded cloud, with the real templates, bundles and agent, in two to
 * three minutes for all. What is written is reduced to the fields that evidence reads; no token, no
 * cause and no input is in it, and the script fails where the canary of the objects is.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  type HistoryEvent,
} from '@aws-sdk/client-sfn';
import { AccessRecord } from '../../../audit/access/access-record.ts';
import { answers } from '../../../audit/answers.ts';
import { errorCode } from '../../../audit/error-code.ts';
import { readNewEvents } from '../../../client/watch/history-events.ts';
import { getBatch } from '../../../ledger/batches.ts';
import { mailSentAt } from '../../../ledger/mails.ts';
import { listObjects } from '../../../ledger/objects.ts';
import { MailKind } from '../../../workflow/model/mail.ts';
import { readAccessLog } from '../../e2e/support/read-access-log.ts';
import { startStudyCloud, type StudyCloud } from '../../e2e/support/study-cloud.ts';
import { synthesizeObedient } from '../../e2e/support/synthesize-obedient.ts';
import { canary, type Lived, Saboteur, scenes } from './live-scenes.ts';
import { fixtures } from './read-scene.ts';

/** Calls that a run's record reads. */
const readCalls =
  /^(?:(?:Start|Redrive|Stop)Execution|RunInstances|TerminateInstances|CreateGrant|RevokeGrant|RetireGrant|Decrypt|GenerateDataKey|CreateQueue|DeleteQueue)$/;

const kept = ['name', 'index', 'length', 'state', 'redriveCount'];

function reduce(event: HistoryEvent): object {
  const { id, previousEventId, timestamp, type } = event;
  const [key, found] = Object.entries(event).find(([name]) => name.endsWith('EventDetails')) ?? [];
  const base = { id, previousEventId, timestamp, type };
  if (key === undefined || typeof found !== 'object') return base;
  const details = found as Record<string, unknown>;
  const own = Object.fromEntries(Object.entries(details).filter(([name]) => kept.includes(name)));
  const { error, output, assignedVariables } = details as {
    error?: string;
    output?: string;
    assignedVariables?: Record<string, string>;
  };
  const answer = [answers.plan, answers.launched, answers.granted, answers.proof, answers.ended]
    .map((schema) => schema.safeParse(JSON.parse(output ?? 'null')).data)
    .find((data) => data !== undefined);
  const attempt = assignedVariables?.attempt;
  return {
    ...base,
    [key]: {
      ...own,
      ...(error !== undefined && { error: errorCode(error) }),
      ...(answer !== undefined && { output: JSON.stringify(answer) }),
      ...(attempt !== undefined && { assignedVariables: { attempt } }),
    },
  };
}

async function record(study: StudyCloud, { executionArn, batchId }: Lived): Promise<object[]> {
  const { sfn, ledger } = study.as('auditor');
  const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
  const { stateMachineArn, status, startDate, stopDate, error, redriveCount = 0 } = found;
  const execution = {
    executionArn,
    stateMachineArn,
    status,
    started: startDate,
    ended: stopDate,
    error: errorCode(error),
    redrives: redriveCount,
    input: JSON.stringify({ batchId }),
  };
  const mails = [];
  for (let redrive = 0; redrive <= redriveCount; redrive += 1) {
    for (const kind of MailKind.options) {
      const sentAt = await mailSentAt(ledger, { batchId, executionArn, redrive, kind });
      if (sentAt !== undefined) mails.push({ mail: { kind, redrive, sentAt } });
    }
  }
  const batch = await getBatch(ledger, batchId);
  const events = await readNewEvents(sfn, executionArn, 0);
  const since = (startDate?.getTime() ?? 0) - 5_000;
  const calls = (await readAccessLog(study)).filter(
    ({ eventName, eventTime }) => readCalls.test(eventName) && Date.parse(eventTime) >= since,
  );
  return [
    { execution },
    ...(batch === undefined ? [] : [{ batch: { ...batch, reason: errorCode(batch.reason) } }]),
    ...(await Array.fromAsync(listObjects(ledger, batchId))).map((object) => ({ object })),
    ...mails,
    ...events.map((event) => ({ event: reduce(event) })),
    ...calls.map((call) => ({ call: AccessRecord.parse(call) })),
  ];
}

process.env.CDK_VALIDATION = 'false';
const folder = await mkdtemp(join(tmpdir(), 'czar-scenes-'));
const assemblyDirectory = await synthesizeObedient(join(folder, 'assembly'));
// As a deployment with `workers: 40` in its context.
const template = join(assemblyDirectory, 'Batch.template.json');
const text = await readFile(template, 'utf8');
await writeFile(template, text.replace('"MOST_WORKERS": "5"', '"MOST_WORKERS": "40"'));
const saboteur = new Saboteur();
const study = await startStudyCloud({
  assemblyDirectory,
  interference: {
    taskInvoker: (functions) => saboteur.invoker(functions),
    ec2: { graceSeconds: 1 },
  },
});
const { definition = '' } = await study
  .as('auditor')
  .sfn.send(new DescribeStateMachineCommand({ stateMachineArn: study.settings.stateMachineArn }));
await writeFile(new URL('definition.jsonl', fixtures), `${definition}\n`);
const wanted = process.argv.slice(2);
for (const [name, scene] of Object.entries(scenes)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const lines = await record(study, await scene(study, saboteur));
  const written = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  if (canary.split(' ').some((word) => written.includes(word))) {
    throw new Error(`the canary is in the fixture ${name}`);
  }
  await writeFile(new URL(`${name}.jsonl`, fixtures), written);
  console.log(`${name}: ${lines.length} lines`);
}
await study.stop();
await rm(folder, { recursive: true });
process.exit(0);
