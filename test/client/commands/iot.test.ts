import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isCode } from '../../../workflow/model/code.ts';
import { assign, listAssignments } from '../../../ledger/sensors/assignments.ts';
import { getDevice, registerDevice, revokeDevice } from '../../../ledger/sensors/devices.ts';
import { batchId } from '../../ledger/codes.ts';
import { bootId, deviceId, subject } from '../../ledger/sensors/sensor-tables.ts';
import { clientSettings } from '../fake-aws/study.ts';
import { ingestSettings, useSensors } from '../iot/sensor-study.ts';
import { useLaptop } from '../laptop.ts';
import { czar, czarProcess, jsonLines } from '../run-czar.ts';

const laptop = useLaptop();
const study = useSensors(laptop);
const device = deviceId(1);
const monday = new Date('2026-11-23T00:00:00.000Z');
const at = (time: string) => `2026-11-23T${time}:00.000Z`;

const result = (stdout: string) => jsonLines(stdout)[0];

/** A device that is registered. */
async function registered(number = 1): Promise<string> {
  const id = deviceId(number);
  await registerDevice(study.tables.sensors, { device: id, everySeconds: 60 }, monday);
  return id;
}

describe('czar iot', () => {
  it('tells its commands, and what one takes', async () => {
    const all = await czar('iot', '--help');
    const one = await czar('iot', 'assign', '--help');

    expect([all.code, one.code]).toEqual([0, 0]);
    for (const command of [
      ...['register', 'revoke', 'assign', 'unassign', 'assignments', 'mint-subjects'],
      ...['status', 'gaps', 'poll'],
    ]) {
      expect(all.stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
    expect(one.stdout).toContain('Usage: czar iot assign [options] <device> <subject>');
  });

  it.each([['register', '--to', '/nowhere'], ['assign', device, subject(1)], ['status'], ['poll']])(
    'says of %s that a study without ingest has none',
    async (...args) => {
      laptop.aws.json.answers.GetParameter = () => ({
        Parameter: { Value: JSON.stringify(clientSettings) },
      });

      const { code, stdout } = await czar('--json', 'iot', ...args);

      expect(code).toBe(69);
      expect(result(stdout)).toEqual({
        error: 'unavailable',
        message: 'this study has no sensor ingest: deploy it with -c ingest=true',
        exitCode: 69,
      });
    },
  );

  it.each([
    [['assign', 'John', subject(1)], 'device: It must be an id that czar iot register minted'],
    [['assign', device, 'John'], 'subject: It must be a code that czar iot mint-subjects minted'],
    [
      ['assign', device, subject(1), '--from', '2026-11-23T08:00'],
      '--from <time>: It must be a time',
    ],
    [['gaps', '--day', 'John'], '--day <day>: It must be a day like 2026-11-23.'],
    [['poll', '--seal', '2026-11-31'], '--seal <day...>: It must be a day like 2026-11-23.'],
    [['register', '--to', 'x', '--every', '0'], '--every <seconds>: It must be a whole number'],
    [['register'], "required option '--to <folder>' not specified"],
  ])('refuses %j', async (args, sentence) => {
    const { code, stdout, stderr } = await czar('--json', 'iot', ...args);

    expect(code).toBe(64);
    expect(result(stdout)?.message).toContain(sentence);
    expect(stdout + stderr).not.toContain('John');
  });
});

describe('czar iot register and revoke', () => {
  it('make devices in a folder, and take their certificates from them', async () => {
    const folder = join(laptop.root, 'devices');

    const made = await czarProcess('--json', 'iot', 'register', '--count', '2', '--to', folder);
    const [one = '', other = ''] = readdirSync(folder);
    const revoked = await czar('--json', 'iot', 'revoke', one);
    const again = await czar('iot', 'revoke', one);

    expect([made.code, revoked.code, again.code]).toEqual([0, 0, 0]);
    expect((result(made.stdout)?.devices as string[]).sort()).toEqual([one, other]);
    const { revokedAt } = (await getDevice(study.tables.sensors, one)) ?? {};
    expect(result(revoked.stdout)).toEqual({ device: one, revokedAt, certificates: 1 });
    const statuses = [...study.iot.certificates.values()].map(({ arn, status }) => [
      study.iot.things.get(one)?.has(arn),
      status,
    ]);
    expect(statuses.sort()).toEqual([
      [false, 'ACTIVE'],
      [true, 'REVOKED'],
    ]);
  });

  it('print ids and nothing of the folder', async () => {
    const folder = join(laptop.root, 'John-Doe');

    const { stdout, stderr } = await czar('iot', 'register', '--to', folder);

    const [id = ''] = readdirSync(folder);
    expect(stdout).toBe(`${id}\n1 devices are registered\n`);
    expect(stderr).not.toContain('John');
  });

  it('revoke no device that is unknown', async () => {
    const { code, stdout } = await czar('--json', 'iot', 'revoke', device);

    expect(code).toBe(65);
    expect(result(stdout)?.message).toBe('there is no such device');
    expect(study.iot.calls).toEqual([]);
  });

  it('tell the device whose registration failed, which the same command finishes', async () => {
    const folder = join(laptop.root, 'devices');
    study.iot.before = (call) => (call === 'AttachPolicy' ? 'AccessDeniedException' : undefined);
    const failed = await czar('--json', 'iot', 'register', '--to', folder);
    study.iot.before = () => undefined;
    const again = await czar('--json', 'iot', 'register', '--to', folder);

    const [id = ''] = readdirSync(folder);
    expect(failed.code).toBe(77);
    expect(result(failed.stdout)).toMatchObject({ error: 'denied', device: id });
    expect(result(again.stdout)).toEqual({ devices: [id] });
    expect(existsSync(join(folder, id, 'device.json'))).toBe(true);
  });
});

describe('czar iot assign', () => {
  it('gives a device to a subject, puts it in service, and tells whose it was', async () => {
    await registered();

    await czar('iot', 'assign', device, subject(1), '--from', at('08:00'));
    const { code, stdout } = await czar(
      ...['--json', 'iot', 'assign', device, subject(2), '--from', '2026-11-23T11:00:00+01:00'],
    );

    expect(code).toBe(0);
    expect(result(stdout)).toEqual({
      device,
      subject: subject(2),
      from: at('10:00'),
      ended: { device, subject: subject(1), from: at('08:00'), to: at('10:00') },
    });
    const found = await getDevice(study.tables.sensors, device);
    expect(found?.inServiceSince).toBe(at('08:00'));
  });

  it('takes it back with unassign, which ends its service', async () => {
    await registered();
    await czar('iot', 'assign', device, subject(1), '--from', at('08:00'));

    const { stdout } = await czar('iot', 'unassign', device, '--at', at('08:00'));
    const listed = await czar('iot', 'assignments', device);

    expect(stdout).toBe(`device ${device} was never ${subject(1)}'s: it is taken back\n`);
    expect(listed.stdout.split('\n')[1]).toMatch(new RegExp(`^${subject(1)}  .*  taken back$`));
    expect((await getDevice(study.tables.sensors, device))?.inServiceSince).toBeUndefined();
  });

  it.each([
    ['a device that is unknown', [deviceId(2), subject(1)], 'there is no such device'],
    ['a device that is revoked', [deviceId(3), subject(1)], 'the device is revoked, since'],
    [
      'a time that is taken',
      [device, subject(2), '--from', at('07:00')],
      'the device is assigned at that time already: from 2026-11-23T08:00:00.000Z, which goes on',
    ],
  ])('refuses %s', async (_what, args, message) => {
    await registered();
    await registered(3);
    await revokeDevice(study.tables.sensors, deviceId(3), monday);
    const { assignments } = study.tables;
    await assign(assignments, { device, subject: subject(1), from: new Date(at('08:00')) });

    const { code, stdout } = await czar('--json', 'iot', 'assign', ...args);

    expect(code).toBe(65);
    expect(result(stdout)?.message).toContain(message);
    expect(await listAssignments(assignments, device)).toHaveLength(1);
  });

  it('ends nothing in the future, and nothing that is not', async () => {
    await registered();

    const future = await czar('--json', 'iot', 'unassign', device, '--at', '2999-01-01T00:00:00Z');
    const none = await czar('--json', 'iot', 'unassign', device);

    expect([future.code, none.code]).toEqual([65, 65]);
    expect(result(future.stdout)?.message).toContain('cannot end later than now');
    expect(result(none.stdout)?.message).toBe('the device is assigned to nobody');
  });
});

describe('czar iot mint-subjects', () => {
  it('prints codes, no two the same, and calls nobody', async () => {
    const { code, stdout } = await czar('iot', 'mint-subjects', '--count', '500');

    const codes = stdout.trim().split('\n');
    expect(code).toBe(0);
    expect(new Set(codes).size).toBe(500);
    for (const one of codes) expect([one.length, isCode(one)]).toEqual([7, true]);
    expect(laptop.aws.json.calls.map(({ operation }) => operation)).toEqual(['GetParameter']);
  });
});

describe('czar iot status and gaps', () => {
  const lost = {
    device,
    reason: 'LOST',
    from: at('08:00'),
    to: at('08:05'),
    boot: bootId(1),
    fromSeq: 7,
    toSeq: 9,
    foundAt: at('09:00'),
  };

  async function day(): Promise<void> {
    await registered();
    await registered(2);
    await revokeDevice(study.tables.sensors, deviceId(2), monday);
    await study.put(device, 'STATUS', {
      device,
      received: 1200,
      duplicates: 3,
      aside: { CONFLICT: 1, UNASSIGNED: 0 },
      rejected: 2,
      missing: 3,
      gaps: 1,
      lastReceivedAt: at('12:00'),
      lagMs: 5_400_000,
      skewMs: -90,
      epoch: 4,
    });
    await study.put(device, `GAP#${bootId(1)}#0000000007`, { ...lost, epoch: 4 });
    await study.put(device, `GAP#${bootId(1)}#0000000020`, {
      ...lost,
      fromSeq: 20,
      toSeq: 20,
      from: '2026-11-24T01:00:00.000Z',
      to: '2026-11-24T01:01:00.000Z',
      closedAt: '2026-11-24T02:00:00.000Z',
    });
    await study.put(device, `SILENCE#${at('12:00')}`, {
      device,
      reason: 'SILENT',
      from: at('12:00'),
      foundAt: at('12:10'),
    });
    await study.put('BATCHES', '2026-11-23#MAIN#001', {
      ...{ day: '2026-11-23', part: 'MAIN', number: 1, batchId: batchId(1), state: 'SEALED' },
      ...{ openedAt: at('00:10'), sealedAt: at('23:00'), objects: 2, records: 1199 },
    });
    await study.put('RUNS', `${at('12:10')}#0123456789ab`, {
      run: '0123456789ab',
      startedAt: at('12:10'),
      poll: {
        ...{ ended: 'EMPTY', receipts: 10, stored: 9, aside: {}, duplicates: 1, redelivered: 0 },
        ...{ rejected: 0, objects: 1, backlog: 0, oldestSeconds: 60, sealed: [] },
      },
      troubles: [{ code: 'DEVICE_SILENT', count: 1 }],
    });
    await study.put('RUNS', `${at('12:20')}#ba9876543210`, {
      run: 'ba9876543210',
      startedAt: at('12:20'),
      failure: { state: 'Poll', code: 'WorkbenchUnreachableError' },
    });
  }

  it('tell a person of devices, batches and runs', async () => {
    await day();

    const { code, stdout } = await czar('iot', 'status');

    expect(code).toBe(0);
    expect(stdout).toBe(
      `${[
        `device     state       received  duplicates  aside       rejected  missing  gaps  last message              lag    clock   silent`,
        `${deviceId(1)}  REGISTERED      1200           3  1 CONFLICT         2        3     1  2026-11-23T12:00:00.000Z  1.5 h  -90 ms  since 2026-11-23T12:00:00.000Z`,
        `${deviceId(2)}  REVOKED            0           0  -                  0        0     0  -                         -      -       -`,
        ``,
        `day         part  batch      state   objects  records`,
        `2026-11-23  MAIN  ${batchId(1)}  SEALED        2     1199`,
        ``,
        `run of                    run           ended                                    receipts  stored  duplicates  rejected  objects  backlog  troubles`,
        `2026-11-23T12:20:00.000Z  ba9876543210  FAILED: Poll, WorkbenchUnreachableError         0       0           0         0        0        0  -`,
        `2026-11-23T12:10:00.000Z  0123456789ab  EMPTY                                          10       9           1         0        1        0  1 DEVICE_SILENT`,
      ].join('\n')}\n`,
    );
  });

  it('tell the same as JSON, and of one device', async () => {
    await day();

    const all = result((await czar('--json', 'iot', 'status')).stdout);
    const one = result((await czar('--json', 'iot', 'status', device)).stdout);

    expect(all).toMatchObject({
      devices: [one, { device: deviceId(2), revokedAt: monday.toISOString() }],
      batches: [{ batchId: batchId(1), state: 'SEALED' }],
      runs: [{ run: 'ba9876543210' }, { run: '0123456789ab', poll: { stored: 9 } }],
    });
    expect(one).toMatchObject({ device, silentSince: at('12:00'), status: { received: 1200 } });
  });

  it('say where there is nothing', async () => {
    const all = await czar('iot', 'status');
    const one = await czar('--json', 'iot', 'status', device);
    const gaps = await czar('iot', 'gaps');

    expect(all.stdout).toBe(
      'no devices: czar iot register makes some\n\nno batches yet\n\nno runs yet\n',
    );
    expect([one.code, result(one.stdout)?.message]).toEqual([65, 'there is no such device']);
    expect(gaps.stdout).toBe('no gaps\n');
  });

  it('list gaps by time, with what is missing', async () => {
    await day();

    const { stdout } = await czar('iot', 'gaps');

    expect(stdout).toBe(
      `${[
        `device     reason  from                      to                        boot       numbers  messages  closed`,
        `${device}  LOST    2026-11-23T08:00:00.000Z  2026-11-23T08:05:00.000Z  ${bootId(1)}  7-9             3  open`,
        `${device}  SILENT  2026-11-23T12:00:00.000Z  -                         -          -               0  open`,
        `${device}  LOST    2026-11-24T01:00:00.000Z  2026-11-24T01:01:00.000Z  ${bootId(1)}  20-20           1  2026-11-24T02:00:00.000Z`,
        `3 gaps, 2 of them open: 3 messages are missing`,
      ].join('\n')}\n`,
    );
  });

  it.each([
    [
      ['--day', '2026-11-23'],
      [at('08:00'), at('12:00')],
    ],
    [['--day', '2026-11-24', '--open'], [at('12:00')]],
    [[deviceId(2)], []],
  ])('list the gaps of %j', async (args, beginnings) => {
    await day();

    const { stdout } = await czar('--json', 'iot', 'gaps', ...args);

    const { gaps } = result(stdout) as { gaps: { from: string }[] };
    expect(gaps.map(({ from }) => from)).toEqual(beginnings);
  });
});

describe('czar iot poll', () => {
  const arn = 'arn:aws:states:us-east-1:111122223333:execution:czarhipaa-ingest:poll-1';

  function execution(status: string): void {
    const { answers } = laptop.aws.json;
    answers.StartExecution = () => ({ executionArn: arn, startDate: 1_795_392_000 });
    answers.DescribeExecution = () => ({
      ...{ executionArn: arn, status, input: '{"seal":["2026-11-22"]}' },
      ...{ startDate: 1_795_392_000, stopDate: 1_795_392_060 },
      ...(status === 'FAILED' && { error: 'IngestFailedError' }),
    });
    answers.GetExecutionHistory = () => ({ events: [] });
  }

  const started = () =>
    laptop.aws.json.calls.find(({ operation }) => operation === 'StartExecution')?.input;

  it('starts a run of the ingest as the schedule does, and prints its ARN', async () => {
    execution('RUNNING');

    const { code, stdout } = await czar('iot', 'poll');

    expect([code, stdout]).toEqual([0, `${arn}\n`]);
    expect(started()?.stateMachineArn).toBe(ingestSettings.stateMachineArn);
    expect(started()?.name).toMatch(/^poll-[bcdfghjkmnpqrstvwxz]{7}$/);
    expect(started()?.input).toBe('{}');
  });

  it.each([
    ['SUCCEEDED', 0],
    ['FAILED', 1],
  ])('follows a run that %s to its end, with the days to seal', async (status, exitCode) => {
    execution(status);

    const { code, stdout } = await czar(
      ...['--json', 'iot', 'poll', '--seal', '2026-11-22', '2026-11-21', '--watch'],
      ...['--seal', '2026-11-22'],
    );

    expect(code).toBe(exitCode);
    expect(JSON.parse(String(started()?.input))).toEqual({ seal: ['2026-11-22', '2026-11-21'] });
    expect(result(stdout)).toMatchObject({ status, executionArn: arn, seconds: 60 });
  });
});
