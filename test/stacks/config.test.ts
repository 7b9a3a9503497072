import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../stacks/config.ts';

const read = (context: Record<string, unknown>) =>
  readConfig({ tryGetContext: (key: string): unknown => context[key] });

/** What is wrong with a context, one line per key. */
function problems(context: Record<string, unknown>): string[] {
  try {
    read(context);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').slice(1);
    throw error;
  }
  throw new Error('the context was accepted');
}

const notifyEmail = 'k@example.org';
const key = `ssh-ed25519 ${'A'.repeat(68)} k@laptop`;

describe('the configuration of a deployment', () => {
  it('needs an address for the mails, and defaults everything else to the safe side', () => {
    const config = read({ notifyEmail });

    expect(config).toEqual({
      pit: 'czarhipaa',
      egress: 'endpoints',
      tenancy: 'dedicated',
      workers: 5,
      instanceType: 'm7i.large',
      scratchGiB: 100,
      notifyEmail,
      senderEmail: notifyEmail,
      uploadCidrs: [],
      gatewayPrefixLists: [],
      logLockDays: 365,
      logLockMode: 'governance',
      bastion: false,
      bastionCidrs: [],
      bastionKeys: [],
      ingest: false,
      pollMinutes: 15,
      sealAfterHours: 6,
      workerPlatform: 'linux-x64',
    });
  });

  it('reads the same from the text of --context as from the JSON of cdk.json', () => {
    const fromText = read({
      notifyEmail,
      workers: '12',
      uploadCidrs: '192.0.2.0/24, 198.51.100.7/32',
      bastion: 'true',
      bastionCidrs: '192.0.2.0/24',
      bastionKeys: key,
    });
    const fromJson = read({
      notifyEmail,
      workers: 12,
      uploadCidrs: ['192.0.2.0/24', '198.51.100.7/32'],
      bastion: true,
      bastionCidrs: ['192.0.2.0/24'],
      bastionKeys: [key],
    });

    expect(fromText).toEqual(fromJson);
    expect(fromText.uploadCidrs).toEqual(['192.0.2.0/24', '198.51.100.7/32']);
  });

  it('names every key that is wrong, all at once', () => {
    const found = problems({
      pit: 'Study 1',
      egress: 'internet',
      tenancy: 'shared',
      workers: '41',
      instanceType: 'big',
      scratchGiB: 'many',
      uploadCidrs: '192.0.2.0/24,campus',
      logLockDays: 0,
      logLockMode: 'none',
      bastion: 'maybe',
      workerPlatform: 'windows',
    });

    expect(found).toEqual([
      '  pit: study must be 3 to 20 lower-case letters or digits',
      '  egress: must be nat or endpoints',
      '  tenancy: must be dedicated or default',
      '  workers: must be at most 40',
      '  instanceType: must look like m7i.large',
      '  scratchGiB: must be a whole number',
      '  notifyEmail: is missing',
      '  uploadCidrs.1: must be IPv4 ranges like 192.0.2.0/24',
      '  logLockDays: must be at least 1',
      '  logLockMode: must be governance or compliance',
      '  bastion: must be true or false',
      '  workerPlatform: must be linux-x64 or host',
    ]);
  });

  it.each([0, 41, 2.5, 'five', '-1'])('refuses %s workers', (workers) => {
    expect(problems({ notifyEmail, workers })).toEqual([expect.stringMatching(/^ {2}workers: /)]);
  });

  it.each([1, 2, 3, 4, 5, 6, '10', 12, 15, 20, 30, '60'])(
    'polls every %s minutes',
    (pollMinutes) => {
      expect(read({ notifyEmail, pollMinutes }).pollMinutes).toBe(Number(pollMinutes));
    },
  );

  it.each([
    [0, '1, 2, 3'],
    [120, '1, 2, 3'],
    [25, '1, 2, 3'],
    ['7.5', 'a whole number'],
  ])('refuses to poll every %s minutes', (pollMinutes, reason) => {
    expect(problems({ notifyEmail, pollMinutes })).toEqual([
      expect.stringMatching(new RegExp(`^ {2}pollMinutes: must (be )?${reason}`)),
    ]);
  });

  it.each([-1, 169, 'soon'])('refuses to seal after %s hours', (sealAfterHours) => {
    expect(problems({ notifyEmail, sealAfterHours })).toEqual([
      expect.stringMatching(/^ {2}sealAfterHours: /),
    ]);
  });

  it('refuses a workbench that could reach the internet', () => {
    const open = { notifyEmail, ingest: 'true', egress: 'nat' };

    expect(problems({ ...open, gatewayPrefixLists: '' })).toEqual([
      '  gatewayPrefixLists: must be given where ingest is true and egress is nat: E could reach the internet',
    ]);
    expect(read({ ...open, gatewayPrefixLists: 'pl-63a5400a' }).ingest).toBe(true);
    expect(read({ ...open, egress: 'endpoints' }).ingest).toBe(true);
  });

  it('refuses a bastion that nobody could reach', () => {
    expect(problems({ notifyEmail, bastion: true })).toEqual([
      '  bastionCidrs: is missing',
      '  bastionKeys: is missing',
    ]);
  });

  it('refuses a bastion that everybody could reach', () => {
    const found = problems({
      notifyEmail,
      bastion: true,
      bastionCidrs: '0.0.0.0/0',
      bastionKeys: key,
    });

    expect(found).toEqual(['  bastionCidrs: must not open port 22 to every address']);
  });

  it('refuses a key that carries options of its own', () => {
    const found = problems({
      notifyEmail,
      bastion: true,
      bastionCidrs: '192.0.2.0/24',
      bastionKeys: [`command="sh" ${key}`],
    });

    expect(found).toEqual([expect.stringMatching(/^ {2}bastionKeys\.0: must be public keys/)]);
  });
});
