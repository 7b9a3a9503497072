import { describe, expect, it } from 'vitest';
import { DeviceDescription } from '../../../ingest/model/device-description.ts';
import { deviceId } from '../../ledger/sensors/sensor-tables.ts';

const told = {
  study: 'czarhipaa',
  device: deviceId(1),
  endpoint: 'example-ats.iot.us-east-1.amazonaws.com',
  everySeconds: 60,
};

describe('what a device is told', () => {
  it.each([
    ['a host', {}],
    ['a host and a port', { endpoint: '127.0.0.1:8883' }],
    ['a message a second', { everySeconds: 1 }],
    ['a message a day', { everySeconds: 86_400 }],
  ])('may have %s', (_what, change) => {
    expect(DeviceDescription.safeParse({ ...told, ...change }).success).toBe(true);
  });

  it.each([
    ['no host', { endpoint: '' }],
    ['a URL', { endpoint: 'mqtts://iot.example' }],
    ['a port that is none', { endpoint: 'iot.example:mqtt' }],
    ['no time between messages', { everySeconds: 0 }],
    ['more than a day between messages', { everySeconds: 86_401 }],
    ['a fraction of a second', { everySeconds: 0.5 }],
    ['a device that was not minted', { device: 'John' }],
    ['a word more', { patient: 'John' }],
  ])('may not have %s', (_what, change) => {
    expect(DeviceDescription.safeParse({ ...told, ...change }).success).toBe(false);
  });
});
