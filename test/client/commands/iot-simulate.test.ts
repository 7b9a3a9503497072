import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FleetReport, totalOf } from '../../../ingest/simulate/fleet-report.ts';
import { startBroker, type TestBroker } from '../../ingest/simulate/broker.ts';
import { deviceIds } from '../../ingest/simulate/plan.ts';
import { type Ended, jsonLines } from '../run-czar.ts';

/** A program with this one command, which is what `czar iot` adds it to. */
const program = `
  import { Command } from 'commander';
  import { addIotSimulateCommand } from './client/commands/iot-simulate.ts';
  const czar = new Command('czar').option('--study <name>', '', 'czarhipaa').option('--json');
  addIotSimulateCommand(czar.command('iot'));
  await czar.parseAsync();
`;

let broker: TestBroker;
let child: ChildProcess;

beforeEach(async () => {
  broker = await startBroker();
});

afterEach(() => broker.stop());

async function simulate(...args: readonly string[]): Promise<Ended> {
  const options = ['--from', broker.folder, '--day', '2026-11-22', ...args];
  child = spawn(
    process.execPath,
    ['--input-type=module', '-e', program, '--', '--json', 'iot', 'simulate', ...options],
    { env: { ...process.env, CZAR_IOT_CA: broker.caPath }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

const reportPath = (): string => join(broker.folder, '..', 'report.json');
const readReport = (): FleetReport =>
  FleetReport.parse(JSON.parse(readFileSync(reportPath(), 'utf8')));

describe('czar iot simulate', () => {
  it('sends a day with faults, tells its seed at the start, and writes what it sent', async () => {
    const faults = ['--duplicates', '0.1', '--drops', '0.1', '--reorder', '--reboots', '--skew'];

    const { code, stdout, stderr } = await simulate(
      ...['--messages', '150', '--seed', '7', '--per-second', '10000', ...faults],
      ...['--report', reportPath()],
    );

    const report = readReport();
    expect(code).toBe(0);
    expect(jsonLines(stderr)[0]).toEqual({
      event: 'simulate-started',
      seed: 7,
      devices: 3,
      messages: 150,
    });
    expect(jsonLines(stdout)[0]).toMatchObject({
      seed: 7,
      numbered: 150,
      sent: broker.received.length,
      gaps: report.gaps.length,
    });
    expect(report.faults).toMatchObject({ reorder: 8, reboots: 2, skewSeconds: 900, poison: 0 });
    expect(report.from).toBe('2026-11-22T00:00:00.000Z');
    expect(totalOf(report, 'sent')).toBe(broker.received.length);
    expect(totalOf(report, 'dropped')).toBeGreaterThan(0);
  });

  it('ends cleanly at Ctrl-C: goodbyes, a report of exactly what was sent, and exit code 130', async () => {
    broker.onPublish = () => {
      if (broker.received.length === 60) child.kill('SIGINT');
    };

    const { code, stdout, stderr } = await simulate(
      ...['--drops', '0.3', '--per-second', '50', '--report', reportPath()],
    );

    const report = readReport();
    expect(code).toBe(130);
    expect(jsonLines(stdout)).toMatchObject([{ error: 'interrupted', exitCode: 130 }]);
    expect(jsonLines(stderr)).toContainEqual(
      expect.objectContaining({ event: 'simulate-interrupted', sent: broker.received.length }),
    );
    expect(report.interrupted).toBe(true);
    expect(totalOf(report, 'sent')).toBe(broker.received.length);
    expect(broker.received.length).toBeLessThan(400);
    await expect.poll(() => broker.goodbyes).toEqual(new Set(deviceIds));
  });

  it.each([
    ['a span that is not over', ['--hours', '744'], 64, 'the span must be over'],
    ['more reboots than messages', ['--messages', '6', '--reboots', '2'], 64, 'reboots must be'],
    ['another study', ['--study', 'other'], 65, 'the devices are of another study'],
    ['a report that cannot be written', ['--report', '/nowhere/John'], 73, 'ENOENT'],
  ])('refuses %s before it sends anything', async (_what, args, exitCode, sentence) => {
    const { code, stdout, stderr } = await simulate(...args);

    expect(code).toBe(exitCode);
    expect(jsonLines(stdout)[0]?.message).toContain(sentence);
    expect(stdout + stderr).not.toContain('John');
    expect(broker.received).toEqual([]);
  });

  it('tells a device that is refused from an endpoint that is not to be trusted', async () => {
    const foreign = await startBroker();
    const untrusted = await simulate('--from', foreign.folder);
    await foreign.stop();
    broker.refused.add(deviceIds[0]);
    const refused = await simulate();

    expect(untrusted.code).toBe(69);
    expect(jsonLines(untrusted.stdout)[0]?.message).toContain('CZAR_IOT_CA names the file');
    expect(refused.code).toBe(77);
    expect(jsonLines(refused.stdout)[0]?.message).toBe('the endpoint refuses a device (5)');
  });

  it('refuses a folder with no device in it', async () => {
    const folder = join(broker.folder, '..', 'empty');
    mkdirSync(folder);

    const { code, stdout } = await simulate('--from', folder);

    expect(code).toBe(65);
    expect(jsonLines(stdout)[0]?.message).toBe('there is no device in the folder');
  });
});
