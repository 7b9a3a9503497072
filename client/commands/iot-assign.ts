import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { subjectCodeLength } from '../../ingest/model/codes.ts';
import type { Assignment } from '../../ingest/model/sensor-items.ts';
import {
  assign,
  AssignmentRefusedError,
  listAssignments,
  unassign,
} from '../../ledger/sensors/assignments.ts';
import { getDevice, setInService } from '../../ledger/sensors/devices.ts';
import { mintCode } from '../../workflow/model/code.ts';
import { wholeNumber } from '../arguments.ts';
import { UserError } from '../exit-codes.ts';
import { columns } from '../iot/columns.ts';
import { type Ingest, openIngest } from '../iot/ingest.ts';
import { deviceId, moment, subjectCode } from '../iot/iot-arguments.ts';
import { createOutput } from '../output.ts';
import { type CommandContext, runCommand } from '../run-command.ts';

const assignEpilogue = `
Assign a device before its first message: what comes of a device that is nobody's is
set aside, and stays so. Each value goes to whom the device was assigned to at the
value's own (corrected) time, so a device that kept data for hours brings them to the
right one.

Whoever has the device has it no more from that moment. A moment that is another
assignment's already is refused. A wrong assignment is taken back with czar iot
unassign <device> --at <its beginning>, as long as nothing of that time was stored:
what was, stays where it is.`;

/** `czar iot assign`, `unassign`, `assignments`, `mint-subjects`: who wears what; a researcher's. */
export function addAssignCommands(iot: Command): void {
  iot
    .command('assign')
    .summary('say whose a device is from now on')
    .description('Assigns a device to a subject, from a moment on.')
    .argument('<device>', "the device's id", deviceId)
    .argument('<subject>', "the subject's code", subjectCode)
    .option('--from <time>', 'from when on (default: now)', moment)
    .addHelpText('after', assignEpilogue)
    .action((device: string, subject: string, options: { from?: Date }, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const ingest = await openIngest(study);
        await requireDevice(ingest, device);
        const from = options.from ?? new Date();
        const { assignment, ended } = await assigning(() =>
          assign(ingest.assignments, { device, subject, from }),
        );
        await setInService(ingest.sensors, device, new Date(assignment.from));
        output.result({ ...assignment, ended }, sentence(assignment, ended));
      }),
    );
  iot
    .command('unassign')
    .summary('say that nobody wears a device')
    .description("Ends a device's assignment; its silence is no trouble any more.")
    .argument('<device>', "the device's id", deviceId)
    .option(
      '--at <time>',
      'when it ended, or the beginning of one to take back (default: now)',
      moment,
    )
    .action((device: string, options: { at?: Date }, command: Command) =>
      runCommand(command, (context) => end(device, options.at, context)),
    );
  iot
    .command('assignments')
    .summary('whose a device was, and when')
    .description("Lists a device's assignments by their beginnings.")
    .argument('<device>', "the device's id", deviceId)
    .action((device: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const { assignments } = await openIngest(study);
        const listed = await listAssignments(assignments, device);
        output.result({ device, assignments: listed }, describe(listed));
      }),
    );
  addMintSubjectsCommand(iot);
}

/** Needs no deployment: a code is a random one. */
function addMintSubjectsCommand(iot: Command): void {
  iot
    .command('mint-subjects')
    .summary('mint codes that stand for people')
    .description(
      'Mints codes for subjects: no vowels, and a last letter that checks the others. Mint those of\n' +
        'a study at once: no two of one call are the same. Who is who is for your own list; keep it apart.',
    )
    .option('--count <n>', 'how many', wholeNumber(1, 10_000), 1)
    .action(({ count }: { count: number }, command: Command) => {
      const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
      const minted = new Set<string>();
      while (minted.size < count) {
        minted.add(mintCode(subjectCodeLength, () => randomBytes(1).readUInt8()));
      }
      const subjects = [...minted];
      createOutput({ json }).result({ subjects }, subjects.join('\n'));
    });
}

async function end(
  device: string,
  typed: Date | undefined,
  { study, output }: CommandContext,
): Promise<void> {
  const { assignments, sensors } = await openIngest(study);
  const now = new Date();
  const at = typed ?? now;
  if (at.getTime() > now.getTime() + 60_000) {
    throw new UserError('badInput', 'an assignment cannot end later than now: end it then');
  }
  const ended = await assigning(() => unassign(assignments, { device, at }));
  await setInService(sensors, device, undefined);
  const text =
    ended.to === ended.from
      ? `device ${device} was never ${ended.subject}'s: it is taken back`
      : `device ${device} is nobody's since ${ended.to ?? ''}; it was ${ended.subject}'s`;
  output.result({ ...ended }, text);
}

async function requireDevice({ sensors }: Ingest, id: string): Promise<void> {
  const device = await getDevice(sensors, id);
  if (device === undefined) throw new UserError('badInput', 'there is no such device');
  if (device.revokedAt === undefined) return;
  throw new UserError('badInput', `the device is revoked, since ${device.revokedAt}`);
}

async function assigning<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AssignmentRefusedError)) throw error;
    throw new UserError('badInput', error.message, { cause: error });
  }
}

function sentence({ device, subject, from }: Assignment, ended: Assignment | undefined): string {
  const before = ended === undefined ? '' : `; until then it was ${ended.subject}'s`;
  return `device ${device} is ${subject}'s from ${from}${before}`;
}

function describe(assignments: readonly Assignment[]): string {
  if (assignments.length === 0) return 'no assignments';
  return columns(
    ['subject', 'from', 'to'],
    assignments.map(({ subject, from, to = '-' }) => [
      subject,
      from,
      to === from ? 'taken back' : to,
    ]),
  );
}
