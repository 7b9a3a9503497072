import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestCloud, type TestCloud } from './test-cloud.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

describe('a client token', () => {
  it('answers a repeated call with the same instance', async () => {
    cloud = await startTestCloud();

    const ids = [
      await cloud.launch({ ClientToken: 'token-1' }),
      await cloud.launch({ ClientToken: 'token-1' }),
      await cloud.launch({ ClientToken: 'token-2' }),
    ];

    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
    expect(cloud.ec2Service.fleet.all()).toHaveLength(2);
  });

  it('answers with the same instance after it was terminated', async () => {
    cloud = await startTestCloud();
    const instanceId = await cloud.launch({ ClientToken: 'token-1' });
    await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));
    await cloud.untilState(instanceId, 'terminated');

    const again = await cloud.launch({ ClientToken: 'token-1' });

    expect(again).toBe(instanceId);
    expect(await cloud.stateOf(again)).toBe('terminated');
  });

  it.each([
    ['another type', { InstanceType: 'm7i.2xlarge' }],
    ['another tenancy', { Placement: { Tenancy: 'default' } }],
    [
      'other tags',
      { TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'a', Value: 'b' }] }] },
    ],
  ] as const)('refuses the same token with %s', async (_, other) => {
    cloud = await startTestCloud();
    await cloud.launch({ ClientToken: 'token-1' });

    const again = cloud.launch({
      ClientToken: 'token-1',
      ...(other as Parameters<TestCloud['launch']>[0]),
    });

    await expect(again).rejects.toMatchObject({ name: 'IdempotentParameterMismatch' });
    expect(cloud.ec2Service.fleet.all()).toHaveLength(1);
  });

  it('is not used up by a launch that failed', async () => {
    cloud = await startTestCloud({ instanceQuota: 0 });
    await expect(cloud.launch({ ClientToken: 'token-1' })).rejects.toThrow();
    cloud.ec2Service.limits.quota = 1;

    const instanceId = await cloud.launch({ ClientToken: 'token-1' });

    expect(cloud.instance(instanceId).clientToken).toBe('token-1');
  });
});
