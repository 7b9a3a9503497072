import { randomBytes } from 'node:crypto';
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  DescribeEndpointCommand,
  type IoTClient,
} from '@aws-sdk/client-iot';
import { deviceIdLength } from '../../ingest/model/codes.ts';
import type { DeviceDescription } from '../../ingest/model/device-description.ts';
import { registerDevice } from '../../ledger/sensors/devices.ts';
import type { Table } from '../../ledger/table.ts';
import { mintCode } from '../../workflow/model/code.ts';
import { UserError } from '../exit-codes.ts';
import {
  keepKey,
  noteRegistration,
  readDeviceFolder,
  type Registration,
  writeCertificate,
  writeDone,
} from './device-folder.ts';
import { makeDeviceKey, makeSigningRequest } from './device-key.ts';

/** What a registration needs, and where its files go. */
export interface Registering {
  readonly iot: IoTClient;
  readonly sensors: Table;
  readonly study: string;
  readonly thingPolicy: string;
  readonly folder: string;
  readonly everySeconds: number;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Told each device before anything of it is registered. */
  readonly began: (device: string) => void;
}

/**
 * Registers devices until a folder has `count` of them.
 *
 * Those that it has stay as they are, and those whose registration was cut off are finished first: the
 * same call again goes on where it stopped. Yields each device as it is done.
 */
export async function* registerDevices(
  count: number,
  to: Registering,
): AsyncGenerator<DeviceDescription, void> {
  const { done, begun } = await readDeviceFolder(to.folder, to.study);
  const missing = Math.max(count - done.length - begun.length, 0);
  if (begun.length + missing === 0) return;
  const endpoint = await findEndpoint(to.iot);
  for (const registration of begun) yield await register(registration, endpoint, to);
  for (let made = 0; made < missing; made += 1) {
    const device = mintCode(deviceIdLength, () => randomBytes(1).readUInt8());
    yield await register({ study: to.study, device }, endpoint, to);
  }
}

/**
 * Takes one registration to its end, whatever of it is done: each step can be repeated.
 *
 * Only the certificate would be another one. Where its answer got lost there is one that nobody knows
 * of; it is attached to nothing, and so may do nothing. The thing comes before the policy: whatever may
 * publish is then found, and revoked, by its thing.
 */
async function register(
  begun: Registration,
  endpoint: string,
  to: Registering,
): Promise<DeviceDescription> {
  const { iot, sensors, folder, study } = to;
  const { device } = begun;
  to.signal.throwIfAborted();
  to.began(device);
  await noteRegistration(folder, begun);
  const key = await keepKey(folder, device, makeDeviceKey);
  const { everySeconds, revokedAt } = await registerDevice(
    sensors,
    { device, everySeconds: to.everySeconds },
    to.now(),
  );
  if (revokedAt !== undefined) {
    throw new UserError(
      'badInput',
      `device ${device} was revoked before its registration was done: delete its folder`,
    );
  }
  await iot.send(new CreateThingCommand({ thingName: device }));
  const principal = begun.certificateArn ?? (await certify(device, key, to));
  await iot.send(new AttachThingPrincipalCommand({ thingName: device, principal }));
  await iot.send(new AttachPolicyCommand({ policyName: to.thingPolicy, target: principal }));
  const settings = { study, device, endpoint, everySeconds };
  await writeDone(folder, settings);
  return settings;
}

async function certify(
  device: string,
  key: string,
  { iot, folder, study }: Registering,
): Promise<string> {
  const { certificateArn, certificatePem } = await iot.send(
    new CreateCertificateFromCsrCommand({
      certificateSigningRequest: await makeSigningRequest(device, key),
      setAsActive: true,
    }),
  );
  if (certificateArn === undefined || certificatePem === undefined) {
    throw new UserError('unavailable', 'AWS IoT answered without a certificate');
  }
  await writeCertificate(folder, device, certificatePem);
  await noteRegistration(folder, { study, device, certificateArn });
  return certificateArn;
}

async function findEndpoint(iot: IoTClient): Promise<string> {
  const { endpointAddress } = await iot.send(
    new DescribeEndpointCommand({ endpointType: 'iot:Data-ATS' }),
  );
  if (endpointAddress === undefined) {
    throw new UserError('unavailable', 'AWS IoT answered without an endpoint');
  }
  return endpointAddress;
}
