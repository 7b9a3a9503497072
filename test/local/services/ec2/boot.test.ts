import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { afterEach, expect, it } from 'vitest';
import { sha256, startTestCloud, type TestCloud } from './test-cloud.ts';
import { artifacts, inS3A, workerBoot } from './worker-artifacts.ts';
import { accountId, region } from './worker-template.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

const userData = workerBoot(artifacts);
const keyOf = (bytes: Buffer): string => `artifacts/sha256/${sha256(bytes)}`;

/** Waits for an instance's end and says whether it was online at any look before it. */
async function wasOnlineBeforeEnd(instanceId: string): Promise<boolean> {
  let wasOnline = false;
  while ((await cloud.stateOf(instanceId)) !== 'terminated') {
    wasOnline ||= cloud.instance(instanceId).online;
  }
  return wasOnline;
}

it('makes a worker of a machine by the real boot script, in a directory of its own', async () => {
  cloud = await startTestCloud({ userData, objects: inS3A(artifacts) });

  const instanceId = await cloud.launchOnline();

  const { directory } = cloud.instance(instanceId).machine;
  const czar = join(directory, 'opt/czar');
  expect(directory).toBe(join(cloud.directory, 'ec2', instanceId));
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, 'scratch')).mode & 0o777).toBe(0o700);
  expect(readFileSync(join(czar, 'bin/node'))).toEqual(artifacts.node);
  expect(existsSync(join(czar, 'node_modules/engine/package.json'))).toBe(true);
  expect(existsSync(join(czar, 'agent/pipelines/some/process.mjs'))).toBe(true);
  expect(statSync(join(czar, 'run-worker')).mode & 0o777).toBe(0o700);
  expect(JSON.parse(readFileSync(join(directory, 'etc/czar/worker.json'), 'utf8'))).toEqual({
    study: 'czarhipaa',
    region,
    inputBucket: 's3d',
    resultBucket: 's3o',
    ledgerTable: 'ledger',
    dataKeyArn: `arn:aws:kms:${region}:${accountId}:key/data`,
    agentSha256: sha256(artifacts.agent),
  });
});

it.each(['node', 'engine', 'agent'] as const)(
  'turns itself off and never comes online where one byte of %s is another',
  async (name) => {
    const flipped = Buffer.from(artifacts[name]);
    flipped[20]! ^= 1;
    const objects = { ...inS3A(artifacts), [keyOf(artifacts[name])]: flipped };
    cloud = await startTestCloud({ userData, objects });

    const instanceId = await cloud.launch();
    const wasOnline = await wasOnlineBeforeEnd(instanceId);

    expect(wasOnline).toBe(false);
    expect(cloud.instance(instanceId).console).toContain(`worker-boot: failed at: ${name}`);
    expect(existsSync(cloud.instance(instanceId).machine.directory)).toBe(false);
    const { Reservations } = await cloud.ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [instanceId] }),
    );
    expect(Reservations![0]!.Instances![0]!.StateReason).toMatchObject({
      Code: 'Client.InstanceInitiatedShutdown',
    });
  },
);

it('turns itself off where S3A does not have what the template names', async () => {
  const objects = { [keyOf(artifacts.node)]: artifacts.node };
  cloud = await startTestCloud({ userData, objects });

  const instanceId = await cloud.launch();
  const wasOnline = await wasOnlineBeforeEnd(instanceId);

  expect(wasOnline).toBe(false);
});

it('fetches what the image does not have, and nothing that it has', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'czar-image-'));
  const imageSoftware = { 'bin/node': join(folder, 'node') };
  writeFileSync(imageSoftware['bin/node'], artifacts.node);
  cloud = await startTestCloud({ userData, objects: inS3A(artifacts), imageSoftware });

  await cloud.launchOnline();

  rmSync(folder, { recursive: true });
  expect(cloud.fetched).toEqual([keyOf(artifacts.engine), keyOf(artifacts.agent)]);
});

it('lets no machine change the node of the image, or of the host', async () => {
  const spoil = '#!/bin/bash\nchmod 0 "$CZAR_ROOT/opt/czar/bin/node"\n';
  cloud = await startTestCloud({ userData: spoil });
  const before = statSync('/bin/true').mode;

  await cloud.launchOnline();

  expect(statSync('/bin/true').mode).toBe(before);
});

it('stays running and offline where user data fails and does not turn it off', async () => {
  cloud = await startTestCloud({ userData: '#!/bin/bash\necho broken >&2\nexit 3\n' });

  const instanceId = await cloud.launch();
  const instance = cloud.instance(instanceId);
  await expect.poll(() => instance.console).toBe('broken\n');

  expect([instance.state, instance.online]).toEqual(['running', false]);
});

it('keeps the commands of the image to what the boot script does with them', async () => {
  const asked = [
    'aws s3 ls',
    'swapoff /dev/sdb',
    'systemctl stop sshd',
    'mkfs.xfs -f "$CZAR_ROOT/dev/xvda"',
    'mount "$CZAR_ROOT/dev/xvda" "$CZAR_ROOT"',
  ];
  const userData = ['#!/bin/bash', ...asked.map((line) => `${line}; echo "$?"`)].join('\n');
  cloud = await startTestCloud({ userData });

  const instanceId = await cloud.launchOnline();

  const codes = cloud.instance(instanceId).console.match(/^\d+$/gm);
  expect(codes).toEqual(['252', '64', '64', '1', '32']);
});
