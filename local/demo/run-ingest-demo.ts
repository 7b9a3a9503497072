import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListExecutionsCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { Gap, SensorBatch } from '../../ingest/model/sensor-items.ts';
import { IngestRun } from '../../ingest/model/ingest-run.ts';
import { sensorTable } from '../../ledger/sensors/sensor-tables.ts';
import { queryItems } from '../../ledger/table.ts';
import { FleetReport, totalOf } from '../../ingest/simulate/fleet-report.ts';
import { IngestSettings } from '../../workflow/model/client-settings.ts';
import { type PersonRole, roleEnvironment } from '../run/local-state.ts';
import { clientsAs } from './clients.ts';
import { openAs } from './open-as.ts';
import { findPoller, killPoller } from './poller-process.ts';
import { runCzar } from './run-czar.ts';
import { countCanaries, countCanariesBelow } from './search-canaries.ts';
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

/** By then the schedule has come round, once the stacks stand. */
const secondsToSchedule = 90;

/** Counts the runs that no person started: those have names that `czar` gave them. */
async function countScheduled(stage: Stage): Promise<number> {
  const { sfn, machine } = await ingestOf(stage);
  const { executions = [] } = await sfn.send(
    new ListExecutionsCommand({ stateMachineArn: machine }),
  );
  return executions.filter(({ name }) => name?.startsWith('poll-') === false).length;
}

/** What is read of the pipeline's quality report. */
const QualityReport = z.object({ messages: z.int() });

type Czar = (role: PersonRole, args: readonly string[]) => Promise<unknown>;

/** `czar --json` as one role; answers its result. A command that is repeated is told once. */
function czarOn({ state, signal, transcript }: Stage): Czar {
  let told = '';
  return async (role, args) => {
    const line = `  czar ${args.slice(0, 2).join(' ')}${args.length > 2 ? ' …' : ''}`;
    if (line !== told) transcript.say(line);
    told = line;
    const environment = roleEnvironment(state, role);
    const run = await runCzar(['--json', ...args], environment, undefined, signal);
    if (run.exitCode !== 0) {
      throw new Error(`czar ${args[0] ?? ''} ended with ${run.exitCode}\n${run.stderr}`);
    }
    const result = run.stdout.trimEnd().split('\n').at(-1) ?? '';
    return result === '' ? undefined : (JSON.parse(result) as unknown);
  };
}

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

/** A wrong clock may put a value that is right to some seconds on the other side of midnight. */
function dayBefore(day: string): string {
  return new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
}

/** How long a poller has been at work when it is killed: it has begun to store by then. */
const workMs = 1_500;

/** Waits for polls that are at work, whoever started them, and kills so many of them. */
async function pollAndKill(kills: number, stage: Stage): Promise<number> {
  const { state, signal, transcript } = stage;
  const { sfn, machine } = await ingestOf(stage);
  let killed = 0;
  while (killed < kills) {
    await start(stage);
    await waitFor(signal, () => Promise.resolve(findPoller(state.directory)));
    await sleep(workMs, undefined, { signal });
    // One that found an empty queue is through with it by now.
    if (!killPoller(state.directory)) continue;
    killed += 1;
    transcript.say('  a poller was killed');
    const { executions: [running] = [] } = await sfn.send(
      new ListExecutionsCommand({ stateMachineArn: machine, statusFilter: 'RUNNING' }),
    );
    if (killed < kills && running?.executionArn !== undefined) {
      // The first kills are not waited for: an operator ends their runs.
      await sfn.send(new StopExecutionCommand({ executionArn: running.executionArn }));
    } else {
      transcript.say('  its run finds out by the missing heartbeat, within a minute');
      await waitFor(signal, async () => ((await isIdle(stage)) ? true : undefined));
    }
  }
  return killed;
}

/** Polls until nothing is left in the queue, and seals the day. */
async function pollToTheEnd(day: string, stage: Stage, czar: Czar): Promise<void> {
  for (;;) {
    await waitFor(stage.signal, async () => ((await isIdle(stage)) ? true : undefined));
    await czar('operator', [
      'iot',
      'poll',
      '--watch',
      '--seal',
      day,
      dayBefore(day),
      dayAfter(day),
    ]);
    const { runs } = Status.parse(await czar('operator', ['iot', 'status']));
    if (runs[0]?.poll?.ended === 'EMPTY') return;
  }
}

const dayAfter = (day: string): string =>
  new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);

/** What is read of `czar iot status`. */
const Status = z.object({
  devices: z.array(
    z.object({
      device: z.string(),
      status: z
        .object({
          received: z.int(),
          duplicates: z.int(),
          missing: z.int(),
          gaps: z.int(),
          aside: z.record(z.string(), z.int()),
        })
        .optional(),
    }),
  ),
  batches: z.array(SensorBatch),
  runs: z.array(IngestRun),
});

async function holdAgainst(
  report: FleetReport,
  { transcript }: Stage,
  czar: Czar,
): Promise<z.infer<typeof Status>> {
  const status = Status.parse(await czar('operator', ['iot', 'status']));
  const sum = (of: (one: NonNullable<(typeof status.devices)[number]['status']>) => number) =>
    status.devices.reduce((total, device) => total + (device.status ? of(device.status) : 0), 0);
  const conflicts = totalOf(report, 'conflicts');
  const received = sum((one) => one.received) - sum((one) => one.aside.CONFLICT ?? 0);
  transcript.check(
    'every message was received once',
    received === totalOf(report, 'distinct'),
    `received: ${received}; distinct ones sent: ${totalOf(report, 'distinct')}`,
  );
  transcript.check(
    'missing = dropped',
    sum((one) => one.missing) === totalOf(report, 'dropped'),
    `missing: ${sum((one) => one.missing)}; dropped: ${totalOf(report, 'dropped')}`,
  );
  transcript.check(
    'conflicts are set aside',
    sum((one) => one.aside.CONFLICT ?? 0) === conflicts,
    `set aside as CONFLICT: ${sum((one) => one.aside.CONFLICT ?? 0)}; sent: ${conflicts}`,
  );
  return status;
}

/** Holds the gap ledger against the numbers that were never sent: each gap, exactly. */
async function compareGaps(
  report: FleetReport,
  { transcript }: Stage,
  czar: Czar,
): Promise<number> {
  const { gaps } = z
    .object({ gaps: z.array(Gap) })
    .parse(await czar('operator', ['iot', 'gaps', '--open']));
  const lost = gaps.filter(({ reason }) => reason === 'LOST');
  const name = (gap: Partial<Gap>): string =>
    [gap.device, gap.boot, gap.fromSeq, gap.toSeq].join(' ');
  const found = lost.map(name).sort();
  const injected = report.gaps.map(name).sort();
  transcript.check(
    'gaps found = gaps injected',
    JSON.stringify(found) === JSON.stringify(injected),
    `gaps found: ${found.length}; injected: ${injected.length}`,
  );
  return found.length;
}

/** No subject's code may stand anywhere but in the assignments and in what is encrypted. */
async function searchForSubjects(subjects: readonly string[], stage: Stage): Promise<void> {
  const { state, transcript } = stage;
  const files = await countCanariesBelow(state.directory, subjects);
  transcript.check(
    'no subject in files',
    files.files > 0 && files.found === 0,
    `${files.found} in ${files.files} files of the cloud: access log, queues, function logs, mails, buckets`,
  );
  const { ledger } = await openAs(state, 'operator');
  const { sensorTable: name } = (await ingestOf(stage)).settings;
  const table = sensorTable(ledger.client, name);
  let text = '';
  for (const scope of ['DEVICES', 'BATCHES', 'RUNS', 'POLLER']) {
    text += JSON.stringify(await Array.fromAsync(queryItems(table, scope)));
  }
  const found = countCanaries(text, subjects);
  transcript.check(
    'no subject in the sensor table',
    text.length > 0 && found === 0,
    `${found} in the sensor table (${text.length} characters)`,
  );
}

async function ingestOf({ state }: Stage) {
  const { settings } = await openAs(state, 'operator');
  const ingest = IngestSettings.parse(settings.ingest);
  return {
    settings: ingest,
    machine: ingest.stateMachineArn,
    sfn: clientsAs(state, 'operator').sfn,
  };
}

async function isIdle(stage: Stage): Promise<boolean> {
  const { sfn, machine } = await ingestOf(stage);
  const { executions = [] } = await sfn.send(
    new ListExecutionsCommand({ stateMachineArn: machine, statusFilter: 'RUNNING' }),
  );
  return executions.length === 0;
}

/** Starts a run as the schedule does, unless one is on. */
async function start(stage: Stage): Promise<void> {
  if (await isIdle(stage)) await czarOn(stage)('operator', ['iot', 'poll']);
}

async function waitFor<T>(signal: AbortSignal, look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    await sleep(200, undefined, { signal });
  }
}
