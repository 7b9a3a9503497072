import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { observationTopic } from '../../../ingest/model/topic.ts';
import { readDeviceFolders } from '../../../ingest/simulate/device-folders.ts';
import { totalOf } from '../../../ingest/simulate/fleet-report.ts';
import { type FleetRun, runFleet } from '../../../ingest/simulate/run-fleet.ts';
import { startBroker, type TestBroker } from './broker.ts';
import { allFaults, deviceIds, makePlan, sentAt, takeAll } from './plan.ts';

let broker: TestBroker;
let run: Pick<FleetRun, 'devices' | 'ca' | 'now' | 'patienceMs'>;

beforeEach(async () => {
  broker = await startBroker();
  run = {
    devices: await readDeviceFolders(broker.folder),
    ca: readFileSync(broker.caPath),
    now: () => sentAt,
    patienceMs: 10_000,
  };
});

afterEach(() => broker.stop());

const payloadsOf = (device: string): string[] =>
  broker.received.filter(({ clientId }) => clientId === device).map(({ payload }) => payload);

describe('a fleet on the network', () => {
  it('is received byte for byte as it was made, in order, and its report is the same', async () => {
    const plan = makePlan({ faults: allFaults });
    const expected = takeAll(plan);

    const report = await runFleet({ ...run, plan });

    for (const device of deviceIds) {
      const own = expected.messages.filter((message) => message.device === device);
      expect(payloadsOf(device)).toEqual(own.map(({ payload }) => payload.toString('latin1')));
    }
    expect(report).toEqual(expected.report);
    expect(totalOf(report, 'resent')).toBe(0);
  });

  it('has each device publish to its own topic, at QoS 1, with its own certificate', async () => {
    await runFleet({ ...run, plan: makePlan({ messages: 30 }) });

    expect(broker.received).toHaveLength(30);
    for (const { clientId, certificate, topic, qos } of broker.received) {
      expect(certificate).toBe(clientId);
      expect(topic).toBe(observationTopic('czarhipaa', clientId));
      expect(qos).toBe(1);
    }
    await expect.poll(() => broker.goodbyes).toEqual(new Set(deviceIds));
  });

  it('cuts connections as often as the report says, and comes back', async () => {
    const plan = makePlan({ messages: 60, faults: { disconnects: 0.1 } });

    const report = await runFleet({ ...run, plan });

    expect(totalOf(report, 'disconnects')).toBeGreaterThan(2);
    for (const { device, disconnects } of report.devices) {
      expect(broker.connections.get(device)).toBe(1 + disconnects);
    }
    expect(broker.received).toHaveLength(60);
  });

  it('sends again what was under way when the broker hung up, says so, and loses nothing', async () => {
    let left = 2;
    broker.onPublish = () => {
      if (broker.received.length % 50 === 0 && left-- > 0) broker.cutAll();
    };

    const report = await runFleet({ ...run, plan: makePlan({ messages: 300 }) });

    const distinct = new Set(broker.received.map(({ payload }) => payload)).size;
    const again = broker.received.length - distinct;
    expect(distinct).toBe(300);
    expect(again).toBeGreaterThan(0);
    expect(again).toBeLessThanOrEqual(totalOf(report, 'resent'));
  });

  it('ends in good order when it is told to: the report is of what was received', async () => {
    const stop = new AbortController();
    const plan = makePlan({ faults: { ...allFaults, disconnects: 0 } });
    const onSent = (sent: number): void => {
      if (sent === 300) stop.abort();
    };

    const report = await runFleet({ ...run, plan, signal: stop.signal, onSent });

    expect(report.interrupted).toBe(true);
    expect(totalOf(report, 'sent')).toBe(broker.received.length);
    expect(broker.received.length).toBeGreaterThanOrEqual(300);
    expect(broker.received.length).toBeLessThan(450);
    await expect.poll(() => broker.goodbyes).toEqual(new Set(deviceIds));
  });

  it('keeps to a pace', async () => {
    const startedAt = performance.now();

    await runFleet({ ...run, plan: makePlan({ messages: 90 }), perSecond: 60 });

    expect(performance.now() - startedAt).toBeGreaterThan(450);
  });

  it('fails where a device is refused', async () => {
    broker.refused.add(deviceIds[1]);

    await expect(runFleet({ ...run, plan: makePlan() })).rejects.toMatchObject({
      name: 'FleetError',
      failure: 'REFUSED',
    });
  });

  it('fails where the certificate is of another authority', async () => {
    const other = await startBroker();
    const [stranger] = await readDeviceFolders(other.folder);
    await other.stop();
    const devices = run.devices.map((device, index) =>
      index === 0 ? { ...device, key: stranger!.key, cert: stranger!.cert } : device,
    );

    await expect(runFleet({ ...run, devices, plan: makePlan() })).rejects.toMatchObject({
      failure: 'REFUSED',
    });
  });

  it('fails where the broker is not to be trusted, and where there is none', async () => {
    const devices = run.devices.map((device) => ({ ...device, endpoint: '127.0.0.1:1' }));

    await expect(runFleet({ ...run, ca: undefined, plan: makePlan() })).rejects.toMatchObject({
      failure: 'UNTRUSTED',
    });
    await expect(runFleet({ ...run, devices, plan: makePlan() })).rejects.toMatchObject({
      failure: 'UNREACHABLE',
      message: 'the endpoint cannot be reached (ECONNREFUSED)',
    });
  });

  it('fails where the broker answers no longer', async () => {
    broker.onPublish = () => {
      broker.isSilent = broker.received.length > 100;
    };

    const failed = runFleet({ ...run, plan: makePlan(), patienceMs: 1_000 });

    await expect(failed).rejects.toMatchObject({
      failure: 'UNREACHABLE',
      message: expect.stringMatching(/^the endpoint has not answered for [0-9]+ s$/) as string,
    });
    expect(broker.received.length).toBeGreaterThan(100);
    expect(broker.received.length).toBeLessThan(200);
  });

  it('fails where the broker refuses devices that it had taken', async () => {
    broker.onPublish = () => {
      if (broker.received.length !== 100) return;
      broker.refused = new Set(deviceIds);
      broker.cutAll();
    };

    await expect(runFleet({ ...run, plan: makePlan() })).rejects.toMatchObject({
      failure: 'REFUSED',
    });
  });
});

describe('the folders of a fleet', () => {
  it('may be the one of a single device', async () => {
    const [device] = await readDeviceFolders(join(broker.folder, deviceIds[2]));

    expect(device).toMatchObject({ device: deviceIds[2], everySeconds: 300 });
  });

  it('are refused where one has no key, no right description, or is of another study', async () => {
    const good = { study: 'czarhipaa', device: 'xvtkdbcph', endpoint: 'a.b', everySeconds: 60 };
    const add = (file: object) => broker.writeDevice('more', file);
    const message = (): Promise<string> =>
      readDeviceFolders(broker.folder).then(
        () => 'taken',
        (error: unknown) => (error as Error).message,
      );

    await add(good);
    expect(await message()).toBe('taken');
    await add({ ...good, study: 'other' });
    expect(await message()).toBe('the devices are of more than one study');
    await add({ ...good, device: deviceIds[0] });
    expect(await message()).toBe('two folders are of the same device');
    await add({ ...good, patient: 'John' });
    expect(await message()).toBe('a device.json is not as czar iot register writes it');
    await add(good);
    rmSync(join(broker.folder, 'more', 'key.pem'));
    expect(await message()).toBe("a device's folder has no key.pem");
  });
});
