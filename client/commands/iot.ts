import type { Command } from 'commander';
import { addAssignCommands } from './iot-assign.ts';
import { addIotGapsCommand } from './iot-gaps.ts';
import { addIotPollCommand } from './iot-poll.ts';
import { addRegisterCommands } from './iot-register.ts';
import { addIotSimulateCommand } from './iot-simulate.ts';
import { addIotStatusCommand } from './iot-status.ts';

const epilogue = `
From a box of devices to a day's batch:
  czar iot register --count 20 --to devices/           operator
  czar iot mint-subjects --count 20                    researcher
  czar iot assign <device> <subject>                   researcher, before the first message
  czar iot status                                      the day's batch, when it is SEALED:
  czar start <batch> --pipeline vitals-stream --watch

docs/sensors.md tells what a device has to do, and what becomes of what it sends.`;

/** `czar iot`: devices that publish, and what has come of them. */
export function addIotCommand(program: Command): void {
  const iot = program
    .command('iot')
    .summary('devices that publish, and what has come of them')
    .description('The sensor ingest of a study, where its deployment has one.')
    .addHelpText('after', epilogue);
  addRegisterCommands(iot);
  addAssignCommands(iot);
  addIotStatusCommand(iot);
  addIotGapsCommand(iot);
  addIotPollCommand(iot);
  addIotSimulateCommand(iot);
}
