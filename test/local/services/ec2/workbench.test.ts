import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartInstancesCommand, StopInstancesCommand } from '@aws-sdk/client-ec2';
import { afterEach, expect, it } from 'vitest';
import { PollerSettings } from '../../../../ingest/model/poller-settings.ts';
import { sha256, startTestCloud, type TestCloud } from './test-cloud.ts';
import { declaredWorkbench, workbenchBoot } from './workbench-properties.ts';
import { artifacts } from './worker-artifacts.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

/** The worker's agent will do: a tar with an `agent.mjs`. */
const files = { node: artifacts.node, poller: artifacts.agent };
const inS3A = (...bytes: Buffer[]) =>
  Object.fromEntries(bytes.map((file) => [`artifacts/sha256/${sha256(file)}`, file]));

async function bootWorkbench(objects = inS3A(files.node, files.poller)): Promise<string> {
  cloud = await startTestCloud({ objects });
  const properties = declaredWorkbench(cloud.subnetId, workbenchBoot(files));
  return (await cloud.declare('AWS::EC2::Instance', properties)).ref;
}

const inside = (instanceId: string, path: string) =>
  join(cloud.instance(instanceId).machine.directory, path);

it('becomes a workbench by the real boot script', async () => {
  const instanceId = await bootWorkbench();
  await cloud.untilOnline(instanceId);

  const settings: unknown = JSON.parse(
    readFileSync(inside(instanceId, 'etc/czar/poller.json'), 'utf8'),
  );

  expect(PollerSettings.parse(settings)).toMatchObject({
    sensorTable: 'sensors',
    agentSha256: sha256(files.poller),
  });
  expect(statSync(inside(instanceId, 'var/czar/spool')).mode & 0o777).toBe(0o700);
  expect(statSync(inside(instanceId, 'opt/czar/run-poller')).mode & 0o777).toBe(0o700);
});

it('is a workbench again after a stop and a start, with the spool that it had', async () => {
  const instanceId = await bootWorkbench();
  await cloud.untilOnline(instanceId);
  writeFileSync(inside(instanceId, 'var/czar/spool/object'), 'ciphertext');
  const fetched = cloud.fetched.length;

  await cloud.ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] }));
  await cloud.untilState(instanceId, 'stopped');
  const writtenAt = statSync(inside(instanceId, 'opt/czar/run-poller')).ctimeMs;
  await cloud.ec2.send(new StartInstancesCommand({ InstanceIds: [instanceId] }));
  await cloud.untilOnline(instanceId);

  expect(readFileSync(inside(instanceId, 'var/czar/spool/object'), 'utf8')).toBe('ciphertext');
  expect(statSync(inside(instanceId, 'opt/czar/run-poller')).ctimeMs).toBeGreaterThan(writtenAt);
  expect(cloud.fetched.slice(fetched)).toEqual([]);
});

it('turns itself off and stays stopped where S3A does not have its poller', async () => {
  const instanceId = await bootWorkbench(inS3A(files.node));

  await cloud.untilState(instanceId, 'stopped');

  expect(cloud.instance(instanceId).online).toBe(false);
  expect(cloud.instance(instanceId).stateReason?.code).toBe('Client.InstanceInitiatedShutdown');
  expect(existsSync(inside(instanceId, 'opt/czar/run-poller'))).toBe(false);
});
