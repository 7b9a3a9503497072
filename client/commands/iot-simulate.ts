import { randomBytes } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type * as z from 'zod';
import { Day } from '../../ingest/model/sensor-object.ts';
import { readDeviceFolders, type RegisteredDevice } from '../../ingest/simulate/device-folders.ts';
import { FleetError, type FleetFailure } from '../../ingest/simulate/fleet-error.ts';
import { FleetPlan, messagesPerDevice } from '../../ingest/simulate/fleet-plan.ts';
import { type FleetReport, totalOf } from '../../ingest/simulate/fleet-report.ts';
import { type FleetRun, runFleet } from '../../ingest/simulate/run-fleet.ts';
import { parseTyped, wholeNumber } from '../arguments.ts';
import { type Failure, UserError } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { type CommandContext, runCommand } from '../run-command.ts';

type Shares =
  'duplicates' | 'conflicts' | 'drops' | 'future' | 'impossible' | 'poison' | 'disconnects';

interface Options extends Readonly<Record<Shares, number>> {
  readonly from: string;
  readonly messages?: number;
  readonly day?: string;
  readonly hours: number;
  readonly reorder: number;
  readonly reboots: number;
  readonly skew: number;
  readonly ecgEvery: number;
  readonly perSecond: number;
  readonly seed: number;
  readonly report?: string;
}

const shares: Readonly<Record<Shares, string>> = {
  duplicates: 'sent a second time',
  conflicts: 'sent a second time with another value',
  drops: 'numbered and never sent',
  future: 'with a value of the future',
  impossible: 'with a value that nobody has',
  poison: 'followed by one that is none',
  disconnects: 'followed by a lost connection',
};

const epilogue = `
Each device is a client of its own, with the key and the certificate that
"czar iot register --to <folder>" wrote into its folder. Where the endpoint is not
AWS's, CZAR_IOT_CA names the file of the CA's certificate ("czar local env" sets it).

A day is sent in minutes: values are of the span's times, sentAt is the moment of
sending. Vital signs are made up; the ECG is a minute of a real one, MIT-BIH record
208 (ingest/simulate/signal/NOTICE.md), in blocks of ten seconds.

Faults follow from the seed, which is told at the start. The report has each of them:
its "gaps" are what a gap ledger must have, no more and no less. The last message of
a device is never dropped, because nothing that follows could tell of it; of every
boot, one message is sent for the same reason.

Boot ids and numbers follow from the seed, too: the same seed sent twice to the same
deployment is a conflict at every number, as sentAt differs.

Ctrl-C lets every device send what it holds and one message more; the report is then
exact as well.`;

/** `czar iot simulate`: a fleet of registered devices, and whatever can go wrong with one. */
export function addIotSimulateCommand(iot: Command): void {
  const command = iot
    .command('simulate')
    .summary('let registered devices send a day of made-up data')
    .description('Lets registered devices send made-up data of a span of time, with faults.')
    .requiredOption('--from <folder>', 'a folder with a folder for each device')
    .option(
      '--messages <n>',
      'of the whole fleet (default: as often as the devices were registered for)',
      wholeNumber(1, 100_000_000),
    )
    .option('--day <day>', 'the span begins with this day in UTC (default: it ends now)', day)
    .option('--hours <n>', 'length of the span', wholeNumber(1, 744), 24);
  for (const [name, what] of Object.entries(shares)) {
    command.option(`--${name} <share>`, `share of messages ${what}, like 0.05`, share, 0);
  }
  command
    .addOption(often('--reorder [n]', 'messages come up to so many late', 100, 8))
    .addOption(often('--reboots [n]', 'times that each device starts anew', 1_000, 2))
    .addOption(often('--skew [seconds]', 'farthest that a clock is off', 31_536_000, 900))
    .option(
      '--ecg-every <n>',
      'every so-manieth message has 10 s of ECG; 0: none has',
      wholeNumber(0, 1_000_000),
      10,
    )
    .option(
      '--per-second <n>',
      'most messages of a device; AWS IoT takes 100 of a connection',
      wholeNumber(1, 100_000),
      100,
    )
    .addOption(
      new Option('--seed <n>', 'what the faults follow from')
        .argParser(wholeNumber(0, 4_294_967_295))
        .default(randomBytes(4).readUInt32BE(), 'another one each time'),
    )
    .option('--report <file>', 'write what was sent, and what was not, as JSON')
    .addHelpText('after', epilogue)
    .action((options: Options, action: Command) =>
      runCommand(action, (context) => simulate(options, context)),
    );
}

/** An option that is off without it, and has a number of its own where none is typed. */
function often(flags: string, what: string, most: number, preset: number): Option {
  return new Option(flags, what).argParser(wholeNumber(0, most)).preset(String(preset)).default(0);
}

function share(text: string): number {
  const number = /^(0|1|0?\.[0-9]{1,9}|1\.0{1,9})$/.test(text) ? Number(text) : Number.NaN;
  if (number >= 0 && number <= 1) return number;
  throw new InvalidArgumentError('It must be a share from 0 to 1, like 0.05.');
}

function day(text: string): string {
  const read = Day.safeParse(text);
  if (read.success) return read.data;
  throw new InvalidArgumentError('It must be a day like 2026-11-23.');
}

async function simulate(options: Options, context: CommandContext): Promise<void> {
  const { study, output, signal } = context;
  // A file that cannot be written should not be found out about after a day's data.
  if (options.report !== undefined) await (await open(options.report, 'a')).close();
  const report = await readably(async () => {
    const devices = await readDeviceFolders(options.from);
    if (devices[0]?.study !== study) {
      throw new UserError('badInput', 'the devices are of another study than --study says');
    }
    const plan = planOf(options, devices, Date.now());
    const ca = await readCa();
    return run({ plan, devices, ca, perSecond: options.perSecond }, output, signal);
  });
  if (options.report !== undefined) {
    await writeFile(options.report, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  tell(report, output);
  signal.throwIfAborted();
}

function planOf(options: Options, devices: readonly RegisteredDevice[], now: number): FleetPlan {
  const { hours, seed, messages, ecgEvery, reorder, reboots, skew } = options;
  const { duplicates, conflicts, drops, future, impossible, poison, disconnects } = options;
  const lastsMs = hours * 3_600_000;
  const startsAt = options.day === undefined ? now - lastsMs : Date.parse(options.day);
  if (startsAt + lastsMs > now) {
    throw new UserError(
      'usage',
      'the span must be over: choose an earlier --day, or fewer --hours',
    );
  }
  const plan: z.input<typeof FleetPlan> = {
    study: devices[0]?.study ?? '',
    devices: devices.map(({ device, everySeconds }) => ({ device, everySeconds })),
    ...{ seed, startsAt, lastsMs, messages, ecgEvery },
    faults: {
      ...{ duplicates, conflicts, drops, future, impossible, poison, disconnects },
      ...{ reorder, reboots, skewSeconds: skew },
    },
  };
  return parseTyped(FleetPlan, plan);
}

async function readCa(): Promise<Buffer | undefined> {
  const path = process.env.CZAR_IOT_CA ?? '';
  return path === '' ? undefined : readFile(path);
}

async function run(
  fleet: Pick<FleetRun, 'plan' | 'devices' | 'ca' | 'perSecond'>,
  output: Output,
  signal: AbortSignal,
): Promise<FleetReport> {
  const { seed, devices } = fleet.plan;
  const messages = messagesPerDevice(fleet.plan).reduce((total, each) => total + each, 0);
  output.event(
    'simulate-started',
    { seed, devices: devices.length, messages },
    `seed ${seed}: ${devices.length} devices with ${messages} messages`,
  );
  const onSent = (sent: number): void =>
    output.progress('simulate-progress', { sent, messages }, `${sent} sent of about ${messages}`);
  return runFleet({ ...fleet, signal, onSent });
}

const failures: Readonly<Record<FleetFailure, Failure>> = {
  FOLDER: 'badInput',
  UNREACHABLE: 'tryAgain',
  UNTRUSTED: 'unavailable',
  REFUSED: 'denied',
};

/** Turns a fleet's failure into one that a person reads. */
async function readably<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    const hint = error.failure === 'UNTRUSTED' ? ': CZAR_IOT_CA names the file of its CA' : '';
    throw new UserError(failures[error.failure], `${error.message}${hint}`, { cause: error });
  }
}

function tell(report: FleetReport, output: Output): void {
  const figures = {
    seed: report.seed,
    devices: report.devices.length,
    numbered: totalOf(report, 'numbered'),
    dropped: totalOf(report, 'dropped'),
    gaps: report.gaps.length,
    sent: totalOf(report, 'sent'),
    distinct: totalOf(report, 'distinct'),
    duplicates: totalOf(report, 'duplicates'),
    conflicts: totalOf(report, 'conflicts'),
    poison: totalOf(report, 'poison'),
    resent: totalOf(report, 'resent'),
  };
  const { sent, distinct, duplicates, conflicts, poison, dropped, gaps, resent } = figures;
  const sentence =
    `${sent} messages sent: ${distinct} distinct, ${duplicates} duplicates, ${conflicts} conflicts, ` +
    `${poison} poison; ${dropped} dropped in ${gaps} gaps; ${resent} perhaps twice after a lost connection`;
  // An interrupted command's one object on stdout is its error.
  if (report.interrupted) output.event('simulate-interrupted', figures, sentence);
  else output.result(figures, sentence);
}
