import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { registerDevices } from '../../../client/iot/register-devices.ts';
import { revokeCertificates } from '../../../client/iot/revoke-certificates.ts';
import {
  closed,
  type IotCloud,
  startIotCloud,
  topicOf,
} from '../../local/services/iot/iot-cloud.ts';
import { startSensorTables, type TestSensorTables } from '../../ledger/sensors/sensor-tables.ts';

let embedded: IotCloud;
let tables: TestSensorTables;
let folder: string;

beforeAll(async () => {
  embedded = await startIotCloud();
  tables = await startSensorTables();
  folder = mkdtempSync(join(tmpdir(), 'czar-test-'));
});
afterAll(async () => {
  await embedded.stop();
  await tables.stop();
  rmSync(folder, { recursive: true });
});

it('a registered device publishes with the files of its folder, until it is revoked', async () => {
  const { iot } = embedded;
  const registered = registerDevices(1, {
    iot,
    sensors: tables.sensors,
    study: 'study',
    thingPolicy: 'devices',
    folder,
    everySeconds: 60,
    now: () => new Date(),
    signal: new AbortController().signal,
    began: () => undefined,
  });
  const [settings] = await Array.fromAsync(registered);
  const name = settings!.device;
  const read = (file: string) => readFileSync(join(folder, name, file), 'utf8');
  const device = {
    ...{ name, certificateArn: '', certificateId: '' },
    ...{ cert: read('cert.pem'), key: read('key.pem') },
  };

  const client = await embedded.connect(device);
  await client.publishAsync(topicOf(name), '{}', { qos: 1 });
  const cut = closed(client);
  const revoked = await revokeCertificates(iot, name);
  await cut;

  expect(settings?.endpoint).toBe(embedded.service.endpointAddress);
  expect(await embedded.received('sensors')).toMatchObject([{ device: name }]);
  expect(revoked).toBe(1);
  await expect(embedded.connect(device)).rejects.toThrow();
});
