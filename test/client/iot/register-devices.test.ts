import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IoTClient } from '@aws-sdk/client-iot';
import { beforeEach, describe, expect, it } from 'vitest';
import { registerDevices } from '../../../client/iot/register-devices.ts';
import { revokeCertificates } from '../../../client/iot/revoke-certificates.ts';
import { isCode } from '../../../workflow/model/code.ts';
import { getDevice, listDevices, revokeDevice } from '../../../ledger/sensors/devices.ts';
import { deviceId } from '../../ledger/sensors/sensor-tables.ts';
import { useLaptop } from '../laptop.ts';
import { useSensors } from './sensor-study.ts';

const laptop = useLaptop();
const study = useSensors(laptop);
const monday = new Date('2026-11-23T08:00:00.000Z');
let folder: string;
let client: IoTClient;

beforeEach(() => {
  folder = join(laptop.root, 'devices');
  client = new IoTClient();
});

async function register(count: number, more: { study?: string; everySeconds?: number } = {}) {
  const registered = registerDevices(count, {
    iot: client,
    sensors: study.tables.sensors,
    study: 'czarhipaa',
    thingPolicy: 'czarhipaa-device',
    folder,
    everySeconds: 60,
    now: () => monday,
    signal: new AbortController().signal,
    began: () => undefined,
    ...more,
  });
  return Array.fromAsync(registered, ({ device }) => device);
}

const read = (device: string, file: string) => readFileSync(join(folder, device, file), 'utf8');

/** ids of the certificates of a device that may publish. */
const publishing = (device: string) =>
  [...study.iot.certificates.values()]
    .filter(({ arn }) => study.iot.things.get(device)?.has(arn))
    .filter(({ status, policies }) => status === 'ACTIVE' && policies.has('czarhipaa-device'));

describe('a registered device', () => {
  it('has a key that only its owner reads, and the certificate of that key', async () => {
    const [device = ''] = await register(1);

    const key = createPrivateKey(read(device, 'key.pem'));
    const certificate = new X509Certificate(read(device, 'cert.pem'));
    expect(isCode(device)).toBe(true);
    expect(key.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(certificate.publicKey.equals(createPublicKey(read(device, 'key.pem')))).toBe(true);
    expect(certificate.subject).toBe(`CN=${device}`);
    expect(readdirSync(join(folder, device)).sort()).toEqual([
      'cert.pem',
      'device.json',
      'key.pem',
    ]);
    for (const file of readdirSync(join(folder, device))) {
      expect(statSync(join(folder, device, file)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(join(folder, device)).mode & 0o777).toBe(0o700);
  });

  it('is told where and how often to publish, and is in the ledger', async () => {
    const [device = ''] = await register(1, { everySeconds: 10 });

    expect(JSON.parse(read(device, 'device.json'))).toEqual({
      study: 'czarhipaa',
      device,
      endpoint: 'iot.example',
      everySeconds: 10,
    });
    expect(await getDevice(study.tables.sensors, device)).toEqual({
      device,
      everySeconds: 10,
      registeredAt: monday.toISOString(),
    });
    expect(publishing(device)).toHaveLength(1);
  });

  it('is in the ledger before it may publish, and can be found by its thing before it may', async () => {
    const seen: unknown[] = [];
    study.iot.before = (call) => {
      if (call === 'AttachPolicy')
        seen.push([...study.iot.things.values()].map(({ size }) => size));
      return undefined;
    };

    await register(1);

    expect(seen).toEqual([[1]]);
    expect(study.iot.calls.indexOf('AttachPolicy')).toBe(study.iot.calls.length - 1);
  });
});

describe('a folder of devices', () => {
  it('has as many as were asked for, and keeps those that it has', async () => {
    const first = await register(2);
    const none = await register(2);
    const more = await register(3);

    expect([first.length, none.length, more.length]).toEqual([2, 0, 1]);
    expect(readdirSync(folder).sort()).toEqual([...first, ...more].sort());
    expect(await Array.fromAsync(listDevices(study.tables.sensors))).toHaveLength(3);
  });

  it.each([
    'DescribeEndpoint',
    'CreateThing',
    'CreateCertificateFromCsr',
    'AttachThingPrincipal',
    'AttachPolicy',
  ])('whose registration was cut off at %s is finished by the same call', async (failing) => {
    for (const when of ['before', 'after'] as const) {
      let left = 1;
      study.iot[when] = (call) =>
        call === failing && (left -= 1) >= 0 ? 'UnauthorizedException' : undefined;
      const wanted = when === 'before' ? 1 : 2;

      await expect(register(wanted)).rejects.toThrow();
      await register(wanted);

      const devices = await Array.fromAsync(
        listDevices(study.tables.sensors),
        ({ device }) => device,
      );
      expect(devices).toHaveLength(wanted);
      expect(readdirSync(folder).sort()).toEqual(devices);
      for (const device of devices) {
        expect(publishing(device)).toHaveLength(1);
        expect(read(device, 'cert.pem')).toBe(publishing(device)[0]?.pem);
        expect(existsSync(join(folder, device, 'registration.json'))).toBe(false);
      }
    }
  });

  it('that is another study’s is refused', async () => {
    await register(1);

    await expect(register(2, { study: 'other' })).rejects.toThrow(
      'another study’s'.replace('’', "'"),
    );
  });

  it.each([
    ['no JSON', 'John Doe'],
    [
      // No device that the simulator reads.
      'an interval of more than a day',
      JSON.stringify({
        ...{ study: 'czarhipaa', device: deviceId(1), endpoint: 'iot.example' },
        everySeconds: 86_401,
      }),
    ],
  ])('is not taken over where something else wrote a file of it: %s', async (_what, content) => {
    mkdirSync(join(folder, deviceId(1)), { recursive: true });
    writeFileSync(join(folder, deviceId(1), 'device.json'), content);

    await expect(register(1)).rejects.toThrow('has a file that czar did not write');
  });

  it('finishes no device that was revoked meanwhile', async () => {
    study.iot.before = (call) => (call === 'AttachPolicy' ? 'UnauthorizedException' : undefined);
    await expect(register(1)).rejects.toThrow();
    study.iot.before = () => undefined;
    const [device = ''] = readdirSync(folder);
    await revokeDevice(study.tables.sensors, device, monday);

    await expect(register(1)).rejects.toThrow('was revoked before its registration was done');

    expect(publishing(device)).toEqual([]);
  });
});

describe('certificates of a device', () => {
  it('are revoked, all of them, and no other device’s', async () => {
    const [device = '', other = ''] = await register(2);
    const second = [...study.iot.certificates.values()].find(
      ({ arn }) => !study.iot.things.get(device)?.has(arn),
    );
    study.iot.things.get(device)?.add(second!.arn);
    const [third = ''] = await register(3);

    expect(await revokeCertificates(client, device)).toBe(2);

    expect(publishing(device)).toEqual([]);
    expect(publishing(other)).toEqual([]);
    expect(publishing(third)).toHaveLength(1);
  });

  it('are none where its registration was cut off early', async () => {
    expect(await revokeCertificates(client, deviceId(1))).toBe(0);
  });
});
