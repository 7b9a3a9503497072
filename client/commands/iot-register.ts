import type { Command } from 'commander';
import { getDevice, revokeDevice } from '../../ledger/sensors/devices.ts';
import { wholeNumber } from '../arguments.ts';
import { connections } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';
import { openIngest } from '../iot/ingest.ts';
import { deviceId } from '../iot/iot-arguments.ts';
import { type CommandContext, runCommand } from '../run-command.ts';

interface Options {
  readonly count: number;
  readonly to: string;
  readonly every: number;
}

const registerEpilogue = `
Each device gets a folder <folder>/<device> that only you can read: key.pem, its
private key, made on this machine and sent nowhere; cert.pem, its certificate, which
may publish to this device's topic and do nothing else; device.json, with study,
device, endpoint and everySeconds. Put them on the device, and delete them here.

The folder then has --count devices, those with it that it had before: the same
command again, after an interruption, finishes what was begun and makes what is
missing. Where the answer with a certificate got lost, another one is made; the lost
one is attached to nothing, and may do nothing.`;

const revokeEpilogue = `
What is received of it from now on is set aside, and AWS IoT refuses its
certificates; one that is connected is cut off within minutes. There is no way back.
The same command again goes on where it stopped. Who wears it, if anybody, stays
assigned: czar iot unassign, which is a researcher's to do.`;

/** `czar iot register` and `czar iot revoke`: from an operator's first to last word on a device. */
export function addRegisterCommands(iot: Command): void {
  iot
    .command('register')
    .summary('make devices: ids, keys, certificates')
    .description('Mints ids of devices, and gives each a key and a certificate to publish with.')
    .option('--count <n>', 'devices that the folder has at the end', wholeNumber(1, 10_000), 1)
    .requiredOption('--to <folder>', 'where the folders of the devices go')
    .option(
      '--every <seconds>',
      'longest time between two messages of a device that is well',
      wholeNumber(1, 86_400),
      60,
    )
    .addHelpText('after', registerEpilogue)
    .action((options: Options, command: Command) =>
      runCommand(command, (context) => register(options, context)),
    );
  iot
    .command('revoke')
    .summary('take a device the right to publish, for ever')
    .description('Revokes a device and all of its certificates.')
    .argument('<device>', "the device's id", deviceId)
    .addHelpText('after', revokeEpilogue)
    .action((device: string, _options: unknown, command: Command) =>
      runCommand(command, (context) => revoke(device, context)),
    );
}

async function register(
  { count, to, every }: Options,
  { study, output, signal, ids }: CommandContext,
): Promise<void> {
  const { sensors, settings } = await openIngest(study);
  const { thingPolicy } = settings;
  // Both take a while to load, which the other commands can do without.
  const { registerDevices } = await import('../iot/register-devices.ts');
  const { IoTClient } = await import('@aws-sdk/client-iot');
  const registered: string[] = [];
  for await (const { device } of registerDevices(count, {
    iot: new IoTClient(connections),
    sensors,
    study,
    thingPolicy,
    folder: to,
    everySeconds: every,
    now: () => new Date(),
    signal,
    began: (id) => (ids.device = id),
  })) {
    registered.push(device);
    output.early(device);
    output.progress(
      'registered',
      { device, registered: registered.length, count },
      `${registered.length} of up to ${count} devices are registered`,
    );
  }
  output.result(
    { devices: registered },
    registered.length === 0
      ? `nothing to do: the folder has ${count} devices or more`
      : `${registered.length} devices are registered`,
  );
}

async function revoke(device: string, { study, output }: CommandContext): Promise<void> {
  const { sensors } = await openIngest(study);
  // First here: what it sends until AWS IoT has cut it off is set aside.
  if (!(await revokeDevice(sensors, device, new Date()))) {
    throw new UserError('badInput', 'there is no such device');
  }
  const { revokeCertificates } = await import('../iot/revoke-certificates.ts');
  const { IoTClient } = await import('@aws-sdk/client-iot');
  const certificates = await revokeCertificates(new IoTClient(connections), device);
  const { revokedAt } = (await getDevice(sensors, device)) ?? {};
  output.result(
    { device, revokedAt, certificates },
    `device ${device} is revoked, and ${certificates} certificates with it`,
  );
}
