import { DescribeInstanceInformationCommand } from '@aws-sdk/client-ssm';
import { afterEach, expect, it } from 'vitest';
import { awaitWorker } from '../../../../tasks/await-worker/await-worker.ts';
import { onlineWorkers } from '../../../../tasks/worker-command/online-workers.ts';
import { startTestCloud, type TestCloud } from '../ec2/test-cloud.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

const sleep = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

it('tells the Await Worker task when an instance is online', async () => {
  cloud = await startTestCloud();
  const instanceId = await cloud.launch();
  const slot = {
    batchId: 'BCDFGHJK',
    executionArn: 'arn:aws:states:us-east-1:111122223333:execution:czarhipaa:run-1',
    redrive: 0,
    redriven: false,
    workerIndex: 0,
    attempt: 1,
  };

  const answer = await awaitWorker(
    { ...slot, instanceId },
    { ec2: cloud.ec2, ssm: cloud.ssm, now: () => new Date(), sleep },
  );

  expect(answer.instanceId).toBe(instanceId);
});

it('lists online instances only, those that are asked for', async () => {
  cloud = await startTestCloud();
  const first = await cloud.launchOnline();
  const second = await cloud.launchOnline();
  const booting = await cloud.launch();
  cloud.instance(booting).online = false;

  const asked = await onlineWorkers(cloud.ssm, [first, 'i-0123456789abcdef0']);
  const all = await cloud.ssm.send(new DescribeInstanceInformationCommand({}));

  expect([...asked]).toEqual([first]);
  expect(all.InstanceInformationList!.map(({ InstanceId }) => InstanceId).sort()).toEqual(
    expect.arrayContaining([first, second].sort()) as string[],
  );
  expect(all.InstanceInformationList![0]).toMatchObject({
    PingStatus: 'Online',
    PlatformType: 'Linux',
    ResourceType: 'EC2Instance',
    IPAddress: expect.stringMatching(/^10\.0\.128\./) as string,
  });
});

it('does not list an instance any more as soon as it is terminated', async () => {
  cloud = await startTestCloud({ graceSeconds: 1 });
  const instanceId = await cloud.launchOnline();

  cloud.ec2Service.fleet.terminate(cloud.instance(instanceId), { code: 'Test', message: 'test' });

  expect([...(await onlineWorkers(cloud.ssm, [instanceId]))]).toEqual([]);
});

it.each([
  ['a filter that it does not know', { Filters: [{ Key: 'PingStatus', Values: ['Online'] }] }],
  ['the older kind of filter', { InstanceInformationFilterList: [] }],
  ['a page that is too large', { MaxResults: 51 }],
  ['a token of its own making', { NextToken: 'x' }],
])('refuses %s', async (_, input) => {
  cloud = await startTestCloud();

  await expect(cloud.ssm.send(new DescribeInstanceInformationCommand(input))).rejects.toThrow(
    /Filters\.0\.Key|InstanceInformationFilterList|MaxResults|token/,
  );
});
