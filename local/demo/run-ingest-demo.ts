import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { FleetReport, totalOf } from '../../ingest/simulate/fleet-report.ts';
import { type Czar, czarOn } from './czar-on.ts';
import { compareGaps, holdAgainst, searchForSubjects } from './ingest-checks.ts';
import { countScheduled, dayBefore, pollAndKill, pollToTheEnd } from './ingest-polls.ts';
import type { Stage } from './stage.ts';
import { tellMails } from './tell-mails.ts';

/** How large the fleet is, and what happens to it. */
export interface IngestDemoOptions {
  readonly devices: number;
  readonly messages: number;
  readonly kills: number;
  readonly seed: number;
}

/** What the last line tells beside its checks. */
export interface IngestDemoSummary {
  readonly devices: number;
  /** What the fleet sent, all in all, and how many numbers it never sent. */
  readonly sent: number;
  readonly dropped: number;
  /** Messages of a number and content that had not come before. */
  readonly distinct: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly gapsInjected: number;
  readonly gapsFound: number;
  readonly kills: number;
  readonly batches: readonly string[];
  readonly resultsDirs: readonly string[];
}

/** By then the schedule has come round, once the stacks stand. */
const secondsToSchedule = 90;

const shares = { duplicates: 0.05, drops: 0.02, conflicts: 0.001, impossible: 0.002 };

/** Runs the demo's steps: everything by `czar`, as the people who would do it. */
export async function runIngestDemo(
  options: IngestDemoOptions,
  stage: Stage,
): Promise<IngestDemoSummary> {
  const { folder, transcript, signal, state } = stage;
  const czar = czarOn(stage);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);

  transcript.step(`${options.devices} devices, registered and assigned`);
  const subjects = await registerFleet(options.devices, day, stage, czar);

  transcript.step(`The fleet publishes ${day}, and is polled; ${options.kills} polls are killed`);
  const reportFile = join(folder, 'fleet.json');
  const sending = czar('operator', [
    ...['iot', 'simulate', '--from', join(folder, 'devices'), '--day', day],
    ...['--messages', String(options.messages), '--seed', String(options.seed)],
    ...Object.entries(shares).flatMap(([name, share]) => [`--${name}`, String(share)]),
    ...['--reorder', '--reboots', '--skew', '--ecg-every', '20', '--per-second', '1000'],
    ...['--report', reportFile],
  ]);
  // It is awaited below, also where a poll fails first.
  sending.catch(() => undefined);
  const kills = await pollAndKill(options.kills, stage);
  await sending;
  const report = FleetReport.parse(JSON.parse(await readFile(reportFile, 'utf8')));
  transcript.say(
    `  sent ${totalOf(report, 'sent')}: ${totalOf(report, 'distinct')} distinct, ${totalOf(report, 'duplicates')} twice; ${totalOf(report, 'dropped')} never`,
  );
  await pollToTheEnd(day, stage, czar);

  transcript.step('What came, and what did not');
  const { batches, runs } = await holdAgainst(report, stage, czar);
  transcript.check(
    'a killed poll is told',
    options.kills === 0 || runs.some(({ failure }) => failure !== undefined),
    `${kills} polls killed; ${runs.filter(({ failure }) => failure !== undefined).length} runs ended FAILED`,
  );
  const scheduled = await countScheduled(stage);
  transcript.check(
    'the schedule polls',
    scheduled > 0 || transcript.seconds < secondsToSchedule,
    `runs that the schedule started, each minute: ${scheduled}`,
  );
  const found = await compareGaps(report, stage, czar);

  transcript.step('The batches of the day, processed');
  const main = batches.filter(({ part, state: at }) => part !== 'ASIDE' && at === 'SEALED');
  const resultsDirs: string[] = [];
  let stored = 0;
  for (const { batchId } of main) {
    const to = join(folder, `results-${batchId}`);
    await czar('researcher', [
      'start',
      batchId,
      '--pipeline',
      'vitals-stream',
      '--workers',
      '2',
      '--watch',
    ]);
    await czar('researcher', ['results', 'get', batchId, '--to', to]);
    resultsDirs.push(to);
    stored += QualityReport.parse(JSON.parse(await readFile(join(to, 'qc.json'), 'utf8'))).messages;
  }
  const distinct = totalOf(report, 'distinct');
  transcript.check(
    'stored = sent - dropped',
    stored === distinct,
    `messages in the results: ${stored}; distinct ones sent: ${distinct}`,
  );

  transcript.step('Mails');
  const mails = await tellMails(state, join(folder, 'mails'), transcript);
  const ofBatches = mails.filter((subject) =>
    main.some(({ batchId }) => subject.includes(batchId)),
  );
  transcript.check(
    'mails',
    ofBatches.length === 3 * main.length && mails.length > ofBatches.length,
    `three mails of each batch: ${ofBatches.length}; of the ingest: ${mails.length - ofBatches.length}`,
  );

  transcript.step('Subjects outside of encrypted objects');
  await searchForSubjects(subjects, stage);
  signal.throwIfAborted();
  return {
    devices: options.devices,
    sent: totalOf(report, 'sent'),
    dropped: totalOf(report, 'dropped'),
    distinct,
    stored,
    duplicates: totalOf(report, 'duplicates'),
    gapsInjected: report.gaps.length,
    gapsFound: found,
    kills,
    batches: main.map(({ batchId }) => batchId),
    resultsDirs,
  };
}

/** What is read of the pipeline's quality report. */
const QualityReport = z.object({ messages: z.int() });

async function registerFleet(
  count: number,
  day: string,
  { folder }: Stage,
  czar: Czar,
): Promise<readonly string[]> {
  const fleet = join(folder, 'devices');
  await czar('operator', ['iot', 'register', '--count', String(count), '--to', fleet]);
  const { devices } = z
    .object({ devices: z.array(z.object({ device: z.string() })) })
    .parse(await czar('operator', ['iot', 'status']));
  const { subjects } = z
    .object({ subjects: z.array(z.string()) })
    .parse(await czar('researcher', ['iot', 'mint-subjects', '--count', String(count)]));
  for (const [index, { device }] of devices.entries()) {
    const subject = subjects[index] ?? '';
    await czar('researcher', [
      'iot',
      'assign',
      device,
      subject,
      '--from',
      `${dayBefore(day)}T00:00:00Z`,
    ]);
  }
  return subjects;
}
