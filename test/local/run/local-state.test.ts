import { describe, expect, it } from 'vitest';
import { LocalState, personRoles, roleEnvironment } from '../../../local/run/local-state.ts';

const credentials = { accessKeyId: 'ASIA', secretAccessKey: 'secret', sessionToken: 'token' };

const state = LocalState.parse({
  pid: 1,
  endpoint: 'http://127.0.0.1:1',
  region: 'us-east-1',
  study: 'czarhipaa',
  directory: '/cloud',
  assembly: '/assembly',
  accessLog: '/cloud/access-log.jsonl',
  mails: '/cloud/mails',
  credentials: Object.fromEntries(personRoles.map((role) => [role, credentials])),
});

describe('the environment of a role', () => {
  it('names the certificate by which devices trust the IoT endpoint, where there is one', () => {
    const variables = roleEnvironment({ ...state, iotAuthority: '/cloud/iot/ca.pem' }, 'operator');

    expect(variables).toMatchObject({ CZAR_IOT_CA: '/cloud/iot/ca.pem', CZAR_STUDY: 'czarhipaa' });
  });

  it('has no such variable where the stacks have no devices', () => {
    expect(roleEnvironment(state, 'operator')).not.toHaveProperty('CZAR_IOT_CA');
  });
});
