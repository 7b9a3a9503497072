import type { Command } from 'commander';
import type { Gap } from '../../ingest/model/sensor-items.ts';
import { listDevices } from '../../ledger/sensors/devices.ts';
import { columns } from '../iot/columns.ts';
import { openIngest } from '../iot/ingest.ts';
import { day as readDay, deviceId } from '../iot/iot-arguments.ts';
import { listGaps } from '../../ledger/sensors/gaps.ts';
import { runCommand } from '../run-command.ts';

interface Options {
  readonly open?: boolean;
  readonly day?: string;
}

const epilogue = `
LOST: numbers that a device counted and that did not come; the last of a boot are
known to be lost when the device's next boot tells how many there were. SILENT: a
device that somebody wears sent nothing for longer than it may.

"from" and "to" are the corrected times of the last message before the gap and of the
first after it. Late data close a gap, or the part of it that they fill; they are
never dropped. Without a device: those of all registered ones.`;

/** `czar iot gaps`: what was expected and did not come. */
export function addIotGapsCommand(iot: Command): void {
  iot
    .command('gaps')
    .summary('what was expected and did not come')
    .description('Lists gaps: messages that were numbered and did not come, and silences.')
    .argument('[device]', "a device's id; without it, those of all", deviceId)
    .option('--open', 'only those that are not closed')
    .option('--day <day>', 'only those that touch this day of UTC', readDay)
    .addHelpText('after', epilogue)
    .action((device: string | undefined, { open = false, day }: Options, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const { sensors } = await openIngest(study);
        const devices =
          device === undefined
            ? await Array.fromAsync(listDevices(sensors), (found) => found.device)
            : [device];
        const gaps: Gap[] = [];
        for (const one of devices) {
          for await (const gap of listGaps(sensors, one)) {
            const isMeant = !(open && gap.closedAt !== undefined);
            if (isMeant && (day === undefined || touches(gap, day))) gaps.push(gap);
          }
        }
        output.result({ gaps }, describe(gaps));
      }),
    );
}

/** A gap without an end goes on; one that was closed without one ended then at the latest. */
function touches({ from, to, closedAt }: Gap, day: string): boolean {
  const starts = Date.parse(`${day}T00:00:00.000Z`);
  const ends = starts + 24 * 60 * 60 * 1000;
  const until = to ?? closedAt;
  return Date.parse(from) < ends && (until === undefined || Date.parse(until) >= starts);
}

function missing({ fromSeq, toSeq }: Gap): number {
  return fromSeq === undefined || toSeq === undefined ? 0 : toSeq - fromSeq + 1;
}

function describe(gaps: readonly Gap[]): string {
  if (gaps.length === 0) return 'no gaps';
  const open = gaps.filter(({ closedAt }) => closedAt === undefined);
  const lost = open.reduce((total, gap) => total + missing(gap), 0);
  const rows = gaps.map((gap) => [
    gap.device,
    gap.reason,
    gap.from,
    gap.to ?? '-',
    gap.boot ?? '-',
    gap.fromSeq === undefined ? '-' : `${gap.fromSeq}-${gap.toSeq ?? ''}`,
    missing(gap),
    gap.closedAt ?? 'open',
  ]);
  const headings = ['device', 'reason', 'from', 'to', 'boot', 'numbers', 'messages', 'closed'];
  return `${columns(headings, rows)}\n${gaps.length} gaps, ${open.length} of them open: ${lost} messages are missing`;
}
