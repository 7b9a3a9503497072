import { expect, it } from 'vitest';
import { readLaunchTemplate } from '../../../../local/services/ec2/launch-template.ts';
import { launchTemplateData, quickBoot } from './worker-template.ts';

const good = launchTemplateData(quickBoot);
const read = (LaunchTemplateData: object, more: object = {}) =>
  readLaunchTemplate(
    {
      stack: 'Workers',
      logicalId: 'Template',
      type: 'AWS::EC2::LaunchTemplate',
      properties: { LaunchTemplateData, ...more },
      tags: {},
    },
    'lt-1',
  );

it('reads what the worker stack declares, and decodes the boot script', () => {
  const { id, data } = read(good, { VersionDescription: 'Workers' });

  expect(id).toBe('lt-1');
  expect(data.UserData).toBe(quickBoot);
  expect(data.BlockDeviceMappings).toHaveLength(2);
});

const [root] = good.BlockDeviceMappings;
const withVolume = (change: object) => ({
  ...good,
  BlockDeviceMappings: [{ ...root, Ebs: { ...root!.Ebs, ...change } }],
});

it.each([
  [
    'a volume that is not encrypted',
    withVolume({ Encrypted: false }),
    'BlockDeviceMappings.0.Ebs.Encrypted: must be true',
  ],
  [
    'a volume that outlives the instance',
    withVolume({ DeleteOnTermination: 'false' }),
    'Ebs.DeleteOnTermination: must be true',
  ],
  [
    'a volume of a snapshot',
    withVolume({ SnapshotId: 'snap-1' }),
    'Ebs.SnapshotId is not supported',
  ],
  [
    'IMDSv1',
    { ...good, MetadataOptions: { HttpTokens: 'optional' } },
    'MetadataOptions.HttpTokens',
  ],
  [
    'an instance that stops where it should end',
    { ...good, InstanceInitiatedShutdownBehavior: 'stop' },
    'InstanceInitiatedShutdownBehavior',
  ],
  [
    'a public address',
    { ...good, NetworkInterfaces: [{ AssociatePublicIpAddress: true }] },
    'NetworkInterfaces is not supported',
  ],
  [
    'user data that is no bash script',
    { ...good, UserData: Buffer.from('#cloud-config').toString('base64') },
    'UserData: must be a bash script',
  ],
  ['a key pair', { ...good, KeyName: 'key' }, 'KeyName is not supported'],
])('refuses %s by name', (_, data, named) => {
  expect(() => read(data)).toThrow(named);
  expect(() => read(data)).toThrow('Workers/Template (AWS::EC2::LaunchTemplate)');
});
