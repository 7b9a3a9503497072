import { webcrypto } from 'node:crypto';
import '../../../../runtime/reflect-metadata.ts';
import { readFile } from 'node:fs/promises';
import { connect as connectTls } from 'node:tls';
import { DetachThingPrincipalCommand, UpdateCertificateCommand } from '@aws-sdk/client-iot';
import { X509CertificateGenerator } from '@peculiar/x509';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  arn,
  closed,
  devicePolicy,
  startIotCloud,
  topicOf,
  type Device,
  type IotCloud,
} from './iot-cloud.ts';

let iotCloud: IotCloud;
let device: Device;

beforeEach(async () => {
  iotCloud = await startIotCloud();
  device = await iotCloud.register('ABCDEFGHJ');
});

afterEach(() => iotCloud.stop());

const reasons = (eventType: string): string[] =>
  iotCloud
    .log()
    .filter((entry) => entry.eventType === eventType)
    .map(({ reason }) => reason!);

const setStatus = (newStatus: 'ACTIVE' | 'INACTIVE' | 'REVOKED') =>
  iotCloud.iot.send(
    new UpdateCertificateCommand({ certificateId: device.certificateId, newStatus }),
  );

const detach = () =>
  iotCloud.iot.send(
    new DetachThingPrincipalCommand({ thingName: device.name, principal: device.certificateArn }),
  );

describe('a connection', () => {
  it('is granted to a device under its own name, and logged as the certificate', async () => {
    const client = await iotCloud.connect(device);

    const records = await iotCloud.cloud.accessLog();

    expect(client.connected).toBe(true);
    expect(records.at(-1)).toMatchObject({
      eventName: 'Connect',
      eventSource: 'iot.amazonaws.com',
      userIdentity: { type: 'Certificate', principalId: device.certificateId },
      requestParameters: { clientId: device.name },
    });
    expect(records.at(-1)).not.toHaveProperty('errorCode');
  });

  it('is refused under the name of another device, with MQTT code 5, and logged', async () => {
    const other = await iotCloud.register('BCDEFGHJK');

    const refused = iotCloud.connect(device, { clientId: other.name });

    await expect(refused).rejects.toMatchObject({ code: 5 });
    expect((await iotCloud.cloud.accessLog()).at(-1)).toMatchObject({
      eventName: 'Connect',
      errorCode: 'AccessDenied',
    });
  });

  it('is refused once the certificate is no longer attached to the thing', async () => {
    await detach();

    await expect(iotCloud.connect(device)).rejects.toMatchObject({ code: 5 });
  });

  it.each([
    [{ clean: false }, 3, 'persistent sessions are not supported'],
    [
      { will: { topic: topicOf('ABCDEFGHJ'), payload: 'gone', qos: 1, retain: false } },
      3,
      'last will messages are not supported',
    ],
    [{ clientId: 'A'.repeat(129) }, 2, 'a client id has 1 to 128 bytes'],
  ] as const)('that asks for %o is refused with code %i, by name', async (more, code, reason) => {
    await expect(iotCloud.connect(device, more)).rejects.toMatchObject({ code });
    expect(reasons('Connect')).toEqual([reason]);
  });

  it('by MQTT 5 or 3.1 is refused, by name', async () => {
    await expect(iotCloud.connect(device, { protocolVersion: 5 })).rejects.toThrow();
    await expect(
      iotCloud.connect(device, { protocolVersion: 3, protocolId: 'MQIsdp' }),
    ).rejects.toThrow();

    expect(reasons('Connect')).toEqual([
      "MQTT's protocol level 5 is not supported",
      "MQTT's protocol level 3 is not supported",
    ]);
  });

  it('replaces the one before it under the same name, as in AWS', async () => {
    const first = await iotCloud.connect(device);
    const gone = closed(first);

    const second = await iotCloud.connect(device);
    await gone;

    expect([first.connected, second.connected]).toEqual([false, true]);
  });

  it('needs a certificate', async () => {
    const [host, port] = iotCloud.service.endpointAddress!.split(':');
    const ca = await readFile(iotCloud.service.authorityPath!, 'utf8');

    const end = await new Promise((resolve) => {
      const socket = connectTls({ host, port: Number(port), ca });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.on('close', () => resolve('closed'));
    });

    expect(end).toMatch(/ECONNRESET|closed/);
    expect(reasons('Connect')).toEqual(['no certificate']);
  });

  it('is refused to a certificate that AWS IoT did not issue', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const own = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${device.name}`,
      signingAlgorithm: algorithm,
      keys,
    });
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----`;

    await expect(iotCloud.connect({ ...device, cert: own.toString('pem'), key })).rejects.toThrow();

    expect(reasons('Connect')).toEqual(['the certificate is not of the authority of devices']);
  });

  it('is refused to an endpoint that the authority in ca.pem did not vouch for', async () => {
    await expect(iotCloud.connect(device, { ca: device.cert })).rejects.toThrow(/certificate/);
  });
});

describe('a certificate', () => {
  it.each(['INACTIVE', 'REVOKED'] as const)(
    'that becomes %s ends its connection at once, opens no other, and may come back',
    async (status) => {
      const gone = closed(await iotCloud.connect(device));

      await setStatus(status);
      await gone;

      // Sent away before it can say who it is: there is no code of MQTT's.
      await expect(iotCloud.connect(device)).rejects.not.toMatchObject({ code: 5 });
      expect(reasons('Connect')).toEqual([`the certificate is ${status}`]);
      await setStatus('ACTIVE');
      expect((await iotCloud.connect(device)).connected).toBe(true);
    },
  );

  it('that is revoked leaves the connections of others alone', async () => {
    const other = await iotCloud.connect(await iotCloud.register('BCDEFGHJK'));
    const gone = closed(await iotCloud.connect(device));

    await setStatus('REVOKED');
    await gone;
    await other.publishAsync(topicOf('BCDEFGHJK'), '{}', { qos: 1 });

    expect(await iotCloud.received('sensors')).toHaveLength(1);
  });
});

describe('a certificate that is detached from its thing', () => {
  it('may not publish any more over the connection that it has', async () => {
    const client = await iotCloud.connect(device);
    await client.publishAsync(topicOf(device.name), '{}', { qos: 1 });
    const gone = closed(client);

    await detach();
    client.publish(topicOf(device.name), '{}', { qos: 1 });
    await gone;

    expect(reasons('Publish-In')).toEqual([
      expect.stringContaining('not authorized to perform: iot:Publish') as string,
    ]);
    expect(await iotCloud.received('sensors')).toHaveLength(1);
  });

  it('is not attached for a policy that asks just that', async () => {
    const [connectStatement] = devicePolicy.Statement;
    const anyName = { ...connectStatement, Resource: arn('client/*') };
    const other = await startIotCloud({ policy: { ...devicePolicy, Statement: [anyName] } });
    try {
      const own = await other.register('ABCDEFGHJ');

      const attached = await other.connect(own);
      const underAnotherName = other.connect(own, { clientId: 'BCDEFGHJK' });

      expect(attached.connected).toBe(true);
      await expect(underAnotherName).rejects.toMatchObject({ code: 5 });
    } finally {
      await other.stop();
    }
  });
});

describe('the policy, without a statement', () => {
  it.each([
    ['Connect', 5],
    ['Publish', undefined],
  ] as const)('%s, allows it no more', async (sid, code) => {
    const lesser = await startIotCloud({
      policy: {
        ...devicePolicy,
        Statement: devicePolicy.Statement.filter(({ Sid }) => Sid !== sid),
      },
    });
    try {
      const own = await lesser.register('ABCDEFGHJ');
      const connecting = lesser.connect(own);
      if (code !== undefined) {
        await expect(connecting).rejects.toMatchObject({ code });
        return;
      }
      const client = await connecting;
      const gone = closed(client);
      client.publish(topicOf(own.name), '{}', { qos: 1 });
      await gone;
      expect(await lesser.received('sensors')).toEqual([]);
    } finally {
      await lesser.stop();
    }
  });
});
