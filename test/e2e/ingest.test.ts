import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartInstancesCommand, StopInstancesCommand } from '@aws-sdk/client-ec2';
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { revokeCertificates } from '../../client/iot/revoke-certificates.ts';
import { FleetPlan } from '../../ingest/simulate/fleet-plan.ts';
import { type FleetReport, totalOf } from '../../ingest/simulate/fleet-report.ts';
import type { RegisteredDevice } from '../../ingest/simulate/device-folders.ts';
import { runFleet } from '../../ingest/simulate/run-fleet.ts';
import { observationTopic } from '../../ingest/model/topic.ts';
import { assign } from '../../ledger/sensors/assignments.ts';
import { listSensorBatches } from '../../ledger/sensors/batches.ts';
import { listDevices, revokeDevice } from '../../ledger/sensors/devices.ts';
import { getStatus } from '../../ledger/sensors/status.ts';
import { queryItems } from '../../ledger/table.ts';
import { countCanaries, countCanariesBelow } from '../../local/demo/search-canaries.ts';
import { localContext, synthesize } from '../../local/run/synthesize.ts';
import { until } from './support/run-batch.ts';
import { type FoundRecord, readSensorRecords } from './support/sensor-records.ts';
import {
  connect,
  type IngestEnd,
  type Measured,
  messagesOf,
  newSubject,
  pollerLog,
  publish,
  queued,
  register,
  runEnded,
  type SensorStudy,
  startRun,
  startSensorStudy,
  workbenchOnline,
} from './support/sensor-study.ts';

const hour = 3_600_000;
const began = Date.now();
const ago = (milliseconds: number): Date => new Date(began - milliseconds);

/** Values that stand nowhere else, so that a search for them finds nothing by chance. */
const values = {
  worn: 61.8273645,
  unassigned: 72.9182736,
  first: 83.1928374,
  second: 94.2837465,
  beforeRevocation: 65.3746281,
  afterRevocation: 76.4837192,
  whileStopped: 87.5928371,
} as const;
const canary = 'Zaphira Quillfeather';
const [wearer, firstWearer, secondWearer] = [newSubject(), newSubject(), newSubject()];

let assembly: string;
let study: SensorStudy;
let worn: RegisteredDevice;
let unassigned: RegisteredDevice;
let handedOn: RegisteredDevice;
let revoked: RegisteredDevice;
let noisy: RegisteredDevice;
let fleet: FleetReport;
/** Messages in the queue before the first run, and what it left there. */
let waiting: number;
let left: number;
let scheduled: IngestEnd;
let second: IngestEnd;
let failed: IngestEnd;
/** Messages in the queue before the run that failed, and after it. */
let waitingStopped: number;
let leftByFailed: number;
let resumed: IngestEnd;
let records: readonly FoundRecord[];

/**
 * Devices publish, and the schedule starts a run, during which a person starts another. Then the
 * workbench is stopped, and a run fails; it is started again, and the next run goes on.
 */
beforeAll(async () => {
  assembly = await mkdtemp(join(tmpdir(), 'czar-ingest-assembly-'));
  await synthesize(assembly, { ...localContext, ingest: 'true' });
  study = await startSensorStudy(assembly);
  const { assignments } = study;
  [worn, unassigned, handedOn, revoked, noisy] = (await register(
    study,
    5,
  )) as Five<RegisteredDevice>;
  for (const { device } of [worn, revoked, noisy]) {
    await assign(assignments, { device, subject: wearer, from: ago(48 * hour) });
  }
  const { device } = handedOn;
  await assign(assignments, { device, subject: firstWearer, from: ago(48 * hour) });
  await assign(assignments, { device, subject: secondWearer, from: ago(hour) });
  await publishAll();
  waiting = await queued(study);

  await workbenchOnline(study);
  study.cloud.services.events.triggerSchedule('Schedule');
  const scheduledArn = await until(async () => (await executions())[0]);
  second = await runEnded(study, await startRun(study));
  scheduled = await runEnded(study, scheduledArn);
  left = await queued(study);

  await turnWorkbench('off');
  await publish(study, worn, ...messagesOf(worn, [just(values.whileStopped)]));
  waitingStopped = await queued(study);
  failed = await runEnded(study, await startRun(study));
  leftByFailed = await queued(study);
  await turnWorkbench('on');
  resumed = await runEnded(study, await startRun(study));
  records = await readSensorRecords(study, study.sensors);
});

afterAll(async () => {
  await study.stop();
  await rm(assembly, { recursive: true, force: true });
});

type Five<One> = [One, One, One, One, One];

const just = (value: number): Measured => ({ at: ago(60_000), value });

async function publishAll(): Promise<void> {
  await publish(study, worn, ...messagesOf(worn, [just(values.worn)]), { note: canary });
  await publish(study, unassigned, ...messagesOf(unassigned, [just(values.unassigned)]));
  const before = { at: ago(2 * hour), value: values.first };
  await publish(study, handedOn, ...messagesOf(handedOn, [before, just(values.second)], [before]));

  const [early, late] = messagesOf(
    revoked,
    [just(values.beforeRevocation)],
    [just(values.afterRevocation)],
  );
  await publish(study, revoked, early);
  await revokeDevice(study.sensors, revoked.device, new Date());
  await publish(study, revoked, late);
  await revokeCertificates(study.iot, revoked.device);

  const plan = FleetPlan.parse({
    study: noisy.study,
    seed: 208,
    devices: [{ device: noisy.device, everySeconds: noisy.everySeconds }],
    startsAt: began - 24 * hour,
    lastsMs: 23 * hour,
    messages: 40,
    faults: { poison: 0.15 },
  });
  fleet = await runFleet({ plan, devices: [noisy], ca: study.ca });
}

/** ARNs of all executions of the ingest. */
async function executions(): Promise<string[]> {
  const { stateMachineArn } = study.ingest;
  const found = await study.operator.sfn.send(new ListExecutionsCommand({ stateMachineArn }));
  return (found.executions ?? []).map(({ executionArn = '' }) => executionArn);
}

/** Stops the workbench as the operator may, or starts it; waits until it is so. */
async function turnWorkbench(to: 'on' | 'off'): Promise<void> {
  const { operator, workbench } = study;
  const one = { InstanceIds: [workbench.instanceId] };
  if (to === 'on') {
    await operator.ec2.send(new StartInstancesCommand(one));
    await workbenchOnline(study);
  } else {
    await operator.ec2.send(new StopInstancesCommand(one));
    await until(() => (workbench.state === 'stopped' ? true : undefined));
  }
}

/** What is stored of a value: in which part of its day, of whom, and why it was set aside. */
const stored = (value: number) =>
  records.flatMap(({ part, aside, observations }) =>
    observations
      .filter((observation) => observation.value === value)
      .map(({ subject }) => ({ part, aside, subject })),
  );

const mailOf = ({ run }: IngestEnd): string =>
  study.cloud
    .mails()
    .map(({ subject, text }) => `${subject}\n${text}`)
    .find((mail) => mail.includes(run?.run ?? 'no such run')) ?? '';

/** Publishes on the topic of another device, and answers whether AWS IoT takes it. */
async function publishAs(
  at: SensorStudy,
  device: RegisteredDevice,
  other: RegisteredDevice,
): Promise<'taken' | 'refused'> {
  const refused = Promise.withResolvers<'refused'>();
  const connection = await connect(at, device, () => refused.resolve('refused'));
  const [message] = messagesOf(other, [just(values.worn)]);
  connection.publish(
    observationTopic(other.study, other.device),
    Buffer.from(JSON.stringify(message)),
  );
  const taken = connection.idle().then(() => 'taken' as const);
  const outcome = await Promise.race([refused.promise, taken]);
  await connection.close();
  return outcome;
}

describe('a device that publishes on the topic of another', () => {
  it("is refused by the template's policy, and nothing of it reaches the queue", async () => {
    const before = await queued(study);

    const outcome = await publishAs(study, worn, noisy);

    const topic = observationTopic(noisy.study, noisy.device);
    const { found } = await countCanariesBelow(study.cloud.logsDirectory, [topic]);
    expect(outcome).toBe('refused');
    expect(found).toBeGreaterThan(0);
    expect(await queued(study)).toBe(before);
  });

  it('gets through where the policy names every topic', async () => {
    const wide = await startSensorStudy(await widened(assembly));
    try {
      const [one, other] = await register(wide, 2);

      const outcome = await publishAs(wide, one!, other!);

      expect(outcome).toBe('taken');
      expect(await queued(wide)).toBe(1);
    } finally {
      await wide.stop();
    }
  });
});

describe('a revoked device', () => {
  it('is not let in any more', async () => {
    await expect(connect(study, revoked)).rejects.toMatchObject({ failure: 'REFUSED' });
  });

  it('has stored what was received before, and set aside what was received after', () => {
    expect(stored(values.beforeRevocation)).toEqual([{ part: 'MAIN', subject: wearer }]);
    expect(stored(values.afterRevocation)).toEqual([
      { part: 'ASIDE', aside: 'REVOKED', subject: null },
    ]);
    expect(mailOf(scheduled)).toContain('REVOKED (1)');
  });
});

describe('a device that nobody was given', () => {
  it('has its data set aside, without a subject, and a mail says so', () => {
    expect(stored(values.unassigned)).toEqual([
      { part: 'ASIDE', aside: 'UNASSIGNED', subject: null },
    ]);
    expect(mailOf(scheduled)).toContain('UNASSIGNED (1)');
  });
});

describe('a device that was handed on', () => {
  it('has each value stored for whoever wore it when it was measured', () => {
    const main = { part: 'MAIN' as const };

    expect(stored(values.first)).toEqual(Array(2).fill({ ...main, subject: firstWearer }));
    expect(stored(values.second)).toEqual([{ ...main, subject: secondWearer }]);
  });
});

describe('a run that the schedule starts', () => {
  it('polls, records and reports, and empties the queue', () => {
    expect(scheduled.execution).toMatchObject({ status: 'SUCCEEDED', input: '{}' });
    expect(scheduled.states).toEqual([
      ...['Check Workbench', 'Poll', 'Record Poll', 'Report Gaps', 'Any Trouble?'],
      ...['Notify Trouble', 'Ingest Done'],
    ]);
    expect(scheduled.run?.poll).toMatchObject({ ended: 'EMPTY', receipts: waiting });
  });

  it('is the only one at work: a second ends in Another Run Is On', () => {
    expect(second.execution.status).toBe('SUCCEEDED');
    expect(second.states).toEqual(['Check Workbench', 'Another Run Is On']);
  });
});

describe('messages that are none', () => {
  it('are counted and left in the queue, and the good ones beside them are stored', async () => {
    const poison = totalOf(fleet, 'poison');
    const status = await getStatus(study.sensors, noisy.device);

    expect(poison).toBeGreaterThan(2);
    expect(records.filter(({ device }) => device === noisy.device)).toHaveLength(
      totalOf(fleet, 'distinct'),
    );
    expect(status).toMatchObject({ received: totalOf(fleet, 'distinct'), rejected: poison });
    // With the one that a person made.
    expect(scheduled.run?.poll?.rejected).toBe(poison + 1);
    expect(left).toBe(poison + 1);
  });
});

describe('a workbench that was stopped', () => {
  it('fails the run and is told by mail, and no message is lost', () => {
    expect(failed.execution.status).toBe('FAILED');
    expect(failed.states).not.toContain('Poll');
    expect(failed.run?.troubles).toContainEqual({ code: 'WORKBENCH_STOPPED', count: 1 });
    expect(mailOf(failed)).toContain('WORKBENCH_STOPPED (1)');
    expect([waitingStopped, leftByFailed]).toEqual([left + 1, left + 1]);
  });

  it('goes on where it is started again', () => {
    expect(resumed.execution.status).toBe('SUCCEEDED');
    expect(resumed.run?.poll).toMatchObject({ ended: 'EMPTY', stored: 1 });
    expect(stored(values.whileStopped)).toEqual([{ part: 'MAIN', subject: wearer }]);
  });
});

describe('what is kept without encryption', () => {
  const secrets = [...Object.values(values).map(String), wearer, firstWearer, secondWearer, canary];

  it('has no subject, no value and no name in it: histories, logs, mails, calls, the ledger', async () => {
    await study.cloud.flush();
    const histories = [scheduled, second, failed, resumed].map(({ history }) => history).join();
    const logs = await Promise.all([scheduled, resumed].map((end) => pollerLog(study, end)));
    const files = await countCanariesBelow(study.directory, secrets);
    const ledger = JSON.stringify(await readSensorTable());

    expect(histories).toContain('Check Workbench');
    expect(countCanaries(histories, secrets)).toBe(0);
    expect(logs).toEqual(Array(2).fill(expect.stringContaining('command done')));
    expect(countCanaries(logs.join(), secrets)).toBe(0);
    expect(ledger).toContain(noisy.device);
    expect(countCanaries(ledger, secrets)).toBe(0);
    expect(files.files).toBeGreaterThan(20);
    expect(files.found).toBe(0);
  });

  it('is searched for what was really sent and stored', async () => {
    const journal = await readFile(join(study.directory, 'sqs', 'messages.jsonl'), 'utf8');
    const sent = [...journal.matchAll(/payload\\":\\"([^"\\]+)/g)]
      .map(([, payload = '']) => Buffer.from(payload, 'base64').toString())
      .join();
    const inside = `${sent}${JSON.stringify(records)}`;

    expect(secrets.filter((secret) => countCanaries(inside, [secret]) === 0)).toEqual([]);
  });
});

/** Every item of the sensor table that the ingest writes. */
async function readSensorTable(): Promise<unknown[]> {
  const { sensors } = study;
  const devices = await Array.fromAsync(listDevices(sensors), ({ device }) => device);
  const batches = await Array.fromAsync(listSensorBatches(sensors));
  const scopes = [
    ...['POLLER', 'DEVICES', 'BATCHES', 'RUNS', 'TROUBLES'],
    ...devices,
    ...batches.map(({ batchId }) => `BATCH#${batchId}`),
  ];
  const found = scopes.map((scope) => Array.fromAsync(queryItems(sensors, scope)));
  return (await Promise.all(found)).flat();
}

/** Makes a copy of an assembly in which a device may publish on every topic. */
async function widened(from: string): Promise<string> {
  const folder = join(from, 'widened');
  await mkdir(folder);
  const name = 'Ingest.template.json';
  for (const entry of await readdir(from)) {
    if (entry !== name && entry !== 'widened')
      await symlink(join(from, entry), join(folder, entry));
  }
  const template = await readFile(join(from, name), 'utf8');
  const topic = /topic\/czar\/czarhipaa\/v1\/d\/[^"]+\/obs/;
  if (!topic.test(template)) throw new Error('the template has no such topic');
  await writeFile(join(folder, name), template.replace(topic, 'topic/*'));
  return folder;
}
