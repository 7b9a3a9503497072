import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescribeInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestCloud, type TestCloud, type TestCloudOptions } from './test-cloud.ts';
import { declaredWorkbench } from './workbench-properties.ts';
import { quickBoot } from './worker-template.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

/** Each boot leaves a line; the hook runs it again at every later one, as the workbench's does. */
const everyBoot = `#!/bin/bash
echo boot >>"$CZAR_ROOT/boots"
mkdir -p "$CZAR_ROOT/var/lib/cloud/scripts/per-boot"
hook="$CZAR_ROOT/var/lib/cloud/scripts/per-boot/again"
printf '#!/bin/bash\\necho boot >>"$CZAR_ROOT/boots"\\n' >"$hook"
chmod 0700 "$hook"
`;

async function declareInstance(
  userData: string,
  more: Record<string, unknown> = {},
  options: TestCloudOptions = {},
): Promise<string> {
  cloud = await startTestCloud(options);
  const { ref } = await cloud.declare(
    'AWS::EC2::Instance',
    declaredWorkbench(cloud.subnetId, userData, more),
  );
  return ref;
}

const stop = (instanceId: string) =>
  cloud.ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] }));
const start = (instanceId: string) =>
  cloud.ec2.send(new StartInstancesCommand({ InstanceIds: [instanceId] }));
const bootsOf = (instanceId: string): number =>
  readFileSync(join(cloud.instance(instanceId).machine.directory, 'boots'), 'utf8').split('\n')
    .length - 1;
const online = async (): Promise<(string | undefined)[]> => {
  const { InstanceInformationList } = await cloud.ssm.send(
    new DescribeInstanceInformationCommand({}),
  );
  return InstanceInformationList!.map(({ InstanceId }) => InstanceId);
};

describe('a declared instance', () => {
  it('runs its user data, in its subnet, under its profile, with its tags', async () => {
    const instanceId = await declareInstance(everyBoot);
    await cloud.untilOnline(instanceId);

    const { Reservations } = await cloud.ec2.send(
      new DescribeInstancesCommand({
        Filters: [{ Name: 'tag:czar:system', Values: ['workbench'] }],
      }),
    );

    const [instance] = Reservations![0]!.Instances!;
    expect(instance).toMatchObject({
      InstanceId: instanceId,
      SubnetId: cloud.subnetId,
      InstanceType: 'm7i.large',
      Placement: { Tenancy: 'dedicated', AvailabilityZone: 'us-east-1a' },
      State: { Name: 'running' },
    });
    expect(instance!.PublicIpAddress).toBeUndefined();
    expect(cloud.instance(instanceId).tags.volume).toEqual({ 'czar:system': 'workbench' });
    expect(bootsOf(instanceId)).toBe(1);
  });

  it.each<[string, Record<string, unknown>]>([
    ['NetworkInterfaces', { NetworkInterfaces: [{ AssociatePublicIpAddress: true }] }],
    ['BlockDeviceMappings', { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: {} }] }],
    ['MetadataOptions', { MetadataOptions: { HttpTokens: 'optional' } }],
    ['SubnetId', { SubnetId: 'subnet-0' }],
    ['AvailabilityZone', { AvailabilityZone: 'us-east-1b' }],
    ['UserData', { UserData: 'I2Nsb3VkLWNvbmZpZwo=' }],
  ])('is refused by name with an unsupported %s', async (property, more) => {
    await expect(declareInstance(quickBoot, more)).rejects.toThrow(property);
  });
});

describe('an instance that is stopped', () => {
  it('has no process and no agent, and keeps its disk', async () => {
    const instanceId = await declareInstance(
      `${everyBoot}mkdir -m 0700 -p "$CZAR_ROOT/var/czar/spool"\necho x >"$CZAR_ROOT/var/czar/spool/one"\n( setsid sleep 60 & ) >/dev/null 2>&1\n`,
    );
    await cloud.untilOnline(instanceId);
    const { directory } = cloud.instance(instanceId).machine;

    const { StoppingInstances } = await stop(instanceId);
    await cloud.untilState(instanceId, 'stopped');

    expect(StoppingInstances![0]).toMatchObject({
      CurrentState: { Name: 'stopping' },
      PreviousState: { Name: 'running' },
    });
    expect(await online()).toEqual([]);
    expect(cloud.instance(instanceId).machine.processes()).toEqual([]);
    expect(readFileSync(join(directory, 'var/czar/spool/one'), 'utf8')).toBe('x\n');
    expect(statSync(join(directory, 'var/czar/spool')).mode & 0o777).toBe(0o700);
    expect(cloud.revoked).toEqual([instanceId]);
  });

  it('takes no command', async () => {
    const instanceId = await declareInstance(everyBoot);
    await cloud.untilOnline(instanceId);
    const document = await cloud.declare('AWS::SSM::Document', {
      DocumentType: 'Command',
      TargetType: '/AWS::EC2::Instance',
      UpdateMethod: 'NewVersion',
      Content: {
        schemaVersion: '2.2',
        description: 'Does nothing',
        parameters: {},
        mainSteps: [
          {
            action: 'aws:runShellScript',
            name: 'nothing',
            inputs: { timeoutSeconds: '60', runCommand: ['true'] },
          },
        ],
      },
    });
    await stop(instanceId);
    await cloud.untilState(instanceId, 'stopped');

    const sent = cloud.ssm.send(
      new SendCommandCommand({ DocumentName: document.ref, InstanceIds: [instanceId] }),
    );

    await expect(sent).rejects.toMatchObject({ name: 'InvalidInstanceId' });
  });

  it('is started with the same disk and address, and runs the hooks of every boot', async () => {
    const instanceId = await declareInstance(everyBoot);
    await cloud.untilOnline(instanceId);
    const { privateIpAddress } = cloud.instance(instanceId);
    await stop(instanceId);
    await cloud.untilState(instanceId, 'stopped');

    await start(instanceId);
    await cloud.untilOnline(instanceId);

    expect(await cloud.stateOf(instanceId)).toBe('running');
    expect(await online()).toEqual([instanceId]);
    expect(bootsOf(instanceId)).toBe(2);
    expect(cloud.instance(instanceId).privateIpAddress).toBe(privateIpAddress);
    expect(cloud.instance(instanceId).stateReason).toBeUndefined();
  });

  it('does not run its user data a second time: that is for the first boot', async () => {
    const instanceId = await declareInstance('#!/bin/bash\necho boot >>"$CZAR_ROOT/boots"\n');
    await cloud.untilOnline(instanceId);
    await stop(instanceId);
    await cloud.untilState(instanceId, 'stopped');

    await start(instanceId);
    await cloud.untilOnline(instanceId);

    expect(bootsOf(instanceId)).toBe(1);
  });

  it('is terminated with its disk', async () => {
    const instanceId = await declareInstance(everyBoot);
    await cloud.untilOnline(instanceId);
    await stop(instanceId);
    await cloud.untilState(instanceId, 'stopped');

    await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));

    expect(await cloud.stateOf(instanceId)).toBe('terminated');
    expect(existsSync(cloud.instance(instanceId).machine.directory)).toBe(false);
  });

  it('leaves nothing behind when the cloud ends', async () => {
    const instanceId = await declareInstance(everyBoot);
    await cloud.untilOnline(instanceId);
    const { directory } = cloud.instance(instanceId).machine;
    await stop(instanceId);
    await cloud.untilState(instanceId, 'stopped');

    await cloud.ec2Service.fleet.shutDown();

    expect(existsSync(directory)).toBe(false);
  });
});

describe('an instance that stops at its shutdown', () => {
  it('keeps its disk where it turned itself off', async () => {
    const instanceId = await declareInstance('#!/bin/bash\nsystemctl poweroff\nsleep 60\n');

    await cloud.untilState(instanceId, 'stopped');

    expect(existsSync(cloud.instance(instanceId).machine.directory)).toBe(true);
    expect(cloud.instance(instanceId).stateReason?.code).toBe('Client.InstanceInitiatedShutdown');
  });

  it('keeps its disk where its power was cut, and starts again', async () => {
    const instanceId = await declareInstance(everyBoot);
    await cloud.untilOnline(instanceId);

    await cloud.ec2Service.fleet.crash(cloud.instance(instanceId));
    await start(instanceId);
    await cloud.untilOnline(instanceId);

    expect(bootsOf(instanceId)).toBe(2);
  });
});

describe('StopInstances and StartInstances', () => {
  it('refuse what is terminated, and change none of the others', async () => {
    const instanceId = await declareInstance(everyBoot);
    await cloud.untilOnline(instanceId);
    const ended = await cloud.launchOnline();
    await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [ended] }));
    await cloud.untilState(ended, 'terminated');

    const stopped = cloud.ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId, ended] }));

    await expect(stopped).rejects.toMatchObject({ name: 'IncorrectInstanceState' });
    await expect(start(ended)).rejects.toMatchObject({ name: 'IncorrectInstanceState' });
    expect(await cloud.stateOf(instanceId)).toBe('running');
  });

  it('are held against the policies by the instance’s tags', async () => {
    const instanceId = await declareInstance(
      quickBoot,
      {},
      {
        deny: ({ action }) => action === 'ec2:StopInstances',
      },
    );
    await cloud.untilOnline(instanceId);

    await expect(stop(instanceId)).rejects.toMatchObject({ name: 'UnauthorizedOperation' });

    const asked = cloud.accesses.find(({ action }) => action === 'ec2:StopInstances');
    expect(asked?.context).toMatchObject({ 'aws:ResourceTag/czar:system': 'workbench' });
    expect(await cloud.stateOf(instanceId)).toBe('running');
  });

  it('refuse by name what is not supported', async () => {
    const instanceId = await declareInstance(quickBoot);

    const forced = cloud.ec2.send(
      new StopInstancesCommand({ InstanceIds: [instanceId], Force: true }),
    );

    await expect(forced).rejects.toThrow('Force');
  });

  it('change nothing about one that is so already', async () => {
    const instanceId = await declareInstance(everyBoot);
    await cloud.untilOnline(instanceId);

    const { StartingInstances } = await start(instanceId);

    expect(StartingInstances![0]!.CurrentState!.Name).toBe('running');
    expect(bootsOf(instanceId)).toBe(1);
  });
});
