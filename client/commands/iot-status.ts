import type { Command } from 'commander';
import { openIngest } from '../iot/ingest.ts';
import { deviceId } from '../iot/iot-arguments.ts';
import { readReport, readReports } from '../iot/device-report.ts';
import { describeBatches, describeDevices, describeRuns } from '../iot/describe-status.ts';
import { listSensorBatches } from '../../ledger/sensors/batches.ts';
import { listRuns } from '../../ledger/sensors/runs.ts';
import { runCommand } from '../run-command.ts';

/** Runs that are told. */
const mostRuns = 5;

const epilogue = `
received    new messages, stored in a day's batch or set aside
duplicates  came again with the same content, and were dropped
aside       set aside as a whole or in part: UNASSIGNED, UNREGISTERED, REVOKED,
            CONFLICT (its number came with other content), MISDIRECTED
rejected    of a form that is none; they are in the dead-letter queue
missing     numbers that did not come, in so many gaps (czar iot gaps)
lag         age of the oldest value of the last message when it was received
clock       how far the device's clock is behind; what is more than 5 s is corrected
silent      since when a device that somebody wears sends nothing, as of the last run

Counts are of all time, as of the last run. Batches of days: OPEN takes data, SEALED
can be started; LATE ones have what came after the one before was sealed; ASIDE ones
what nobody could be given.`;

/** `czar iot status`: what has come of devices, the batches of the days, and the last runs. */
export function addIotStatusCommand(iot: Command): void {
  iot
    .command('status')
    .summary("what has come of devices, the days' batches, the last runs")
    .description('Tells what has come of each device, the batches of the days, and the last runs.')
    .argument('[device]', "a device's id; without it, everything", deviceId)
    .addHelpText('after', epilogue)
    .action((device: string | undefined, _options: unknown, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const { sensors } = await openIngest(study);
        if (device !== undefined) {
          const report = await readReport(sensors, device);
          output.result({ ...report }, describeDevices([report]));
          return;
        }
        const devices = await readReports(sensors);
        const batches = await Array.fromAsync(listSensorBatches(sensors));
        const runs = [];
        for await (const run of listRuns(sensors)) {
          runs.push(run);
          if (runs.length === mostRuns) break;
        }
        const parts = [describeDevices(devices), describeBatches(batches), describeRuns(runs)];
        output.result({ devices, batches, runs }, parts.join('\n\n'));
      }),
    );
}
