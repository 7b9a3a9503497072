import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { afterEach, expect, it } from 'vitest';
import { machineProcesses } from '../../../../local/services/ec2/machine-processes.ts';
import { isAlive, startTestCloud, type TestCloud, until } from './test-cloud.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

/** Boots a machine that leaves the processes of a script running, by the id each writes. */
async function launchWith(userData: string, names: readonly string[], graceSeconds = 2) {
  cloud = await startTestCloud({ userData, graceSeconds });
  const instanceId = await cloud.launchOnline();
  const { directory } = cloud.instance(instanceId).machine;
  const files = names.map((name) => join(directory, name));
  await until(() => files.every((file) => existsSync(file) && readFileSync(file).length > 0));
  const pids = files.map((file) => Number(readFileSync(file, 'utf8')));
  expect(pids.every(isAlive)).toBe(true);
  return { instanceId, directory, pids };
}

const terminate = (instanceId: string) =>
  cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));

it('is shutting down as long as a process takes its time, then gone with its directory', async () => {
  const slow = `#!/bin/bash
bash -c 'trap "sleep 0.5; touch $0.told; exit" TERM; echo $$ >slow; while :; do sleep 0.05; done' "$CZAR_ROOT" >/dev/null 2>&1 &
`;
  const { instanceId, directory, pids } = await launchWith(slow, ['slow']);

  const { TerminatingInstances } = await terminate(instanceId);
  const during = await cloud.stateOf(instanceId);
  await cloud.untilState(instanceId, 'terminated');

  expect(TerminatingInstances![0]).toMatchObject({
    InstanceId: instanceId,
    PreviousState: { Code: 16, Name: 'running' },
    CurrentState: { Code: 32, Name: 'shutting-down' },
  });
  expect(during).toBe('shutting-down');
  // It was told, and had the time to react: the file stands beside the machine's directory.
  expect(existsSync(`${directory}.told`)).toBe(true);
  expect(existsSync(directory)).toBe(false);
  expect(pids.some(isAlive)).toBe(false);
  expect(cloud.revoked).toEqual([instanceId]);
});

it('tells why an instance ended, and shows it for an hour without what it had', async () => {
  cloud = await startTestCloud();
  const instanceId = await cloud.launchOnline();

  await terminate(instanceId);
  await cloud.untilState(instanceId, 'terminated');

  const { Reservations } = await cloud.ec2.send(new DescribeInstancesCommand({}));
  const [instance] = Reservations![0]!.Instances!;
  expect(instance).toMatchObject({
    State: { Code: 48, Name: 'terminated' },
    StateReason: { Code: 'Client.UserInitiatedShutdown' },
  });
  expect(instance!.VpcId).toBeUndefined();
  expect(instance!.BlockDeviceMappings ?? []).toEqual([]);
});

it('kills a process that does not obey', async () => {
  const stubborn = `#!/bin/bash
bash -c 'trap "" TERM; echo $$ >stubborn; while :; do sleep 0.05; done' >/dev/null 2>&1 &
`;
  const { instanceId, pids } = await launchWith(stubborn, ['stubborn'], 0.2);

  await terminate(instanceId);
  await cloud.untilState(instanceId, 'terminated');

  expect(pids.some(isAlive)).toBe(false);
});

it('kills a frozen process', async () => {
  const { instanceId, pids } = await launchWith(
    `#!/bin/bash\nsleep 60 >/dev/null 2>&1 & echo $! >frozen\n`,
    ['frozen'],
    0.2,
  );
  process.kill(pids[0]!, 'SIGSTOP');

  await terminate(instanceId);
  await cloud.untilState(instanceId, 'terminated');

  expect(pids.some(isAlive)).toBe(false);
});

it('kills a daemon that forked twice into a session of its own', async () => {
  const daemon = `#!/bin/bash
( cd / && exec setsid bash -c 'echo $$ >"$CZAR_ROOT/daemon"; exec sleep 60' >/dev/null 2>&1 & )
`;
  const { instanceId, pids } = await launchWith(daemon, ['daemon'], 0.2);

  await terminate(instanceId);
  await cloud.untilState(instanceId, 'terminated');

  expect(pids.some(isAlive)).toBe(false);
});

it('kills a daemon without environment that works in the machine, and its children', async () => {
  const daemon = `#!/bin/bash
( env -i setsid bash -c 'echo $$ >daemon; (cd / && exec sleep 60) & echo $! >child; wait' >/dev/null 2>&1 & )
`;
  const { instanceId, pids } = await launchWith(daemon, ['daemon', 'child'], 0.2);

  await terminate(instanceId);
  await cloud.untilState(instanceId, 'terminated');

  expect(pids.some(isAlive)).toBe(false);
});

it('kills a program of the machine itself that has neither environment nor parent', async () => {
  const program = `#!/bin/bash
cp "$(type -P sleep)" own-sleep
( cd / && exec env -i setsid bash -c 'echo $$ >"$0/program"; exec "$0/own-sleep" 60' "$CZAR_ROOT" >/dev/null 2>&1 & )
`;
  const { instanceId, pids } = await launchWith(program, ['program'], 0.2);

  await terminate(instanceId);
  await cloud.untilState(instanceId, 'terminated');

  expect(pids.some(isAlive)).toBe(false);
});

it('ends a machine that is itself frozen', async () => {
  const { instanceId, directory } = await launchWith(
    '#!/bin/bash\nsleep 60 >/dev/null 2>&1 & echo $! >sleeper\n',
    ['sleeper'],
    0.1,
  );
  process.kill(Number(readFileSync(join(directory, 'run/machine.pid'), 'utf8')), 'SIGSTOP');

  await terminate(instanceId);
  await cloud.untilState(instanceId, 'terminated');

  expect(existsSync(directory)).toBe(false);
  expect(machineProcesses(directory)).toEqual([]);
});

it('loses an instance whose power is cut: no process reacts, and nothing is left', async () => {
  const watchful = `#!/bin/bash
bash -c 'trap "touch $0.told" TERM INT HUP EXIT; echo $$ >watchful; while :; do sleep 0.05; done' "$CZAR_ROOT" >/dev/null 2>&1 &
`;
  const { instanceId, directory, pids } = await launchWith(watchful, ['watchful']);
  const instance = cloud.instance(instanceId);

  await cloud.ec2Service.fleet.crash(instance);

  expect([instance.state, instance.online]).toEqual(['terminated', false]);
  expect(instance.stateReason?.code).toBe('Server.InternalError');
  expect(existsSync(`${directory}.told`)).toBe(false);
  expect(existsSync(directory)).toBe(false);
  expect(pids.some(isAlive)).toBe(false);
});

it('loses an instance whose machine process is killed by anybody', async () => {
  const { instanceId, directory, pids } = await launchWith(
    '#!/bin/bash\nsleep 60 >/dev/null 2>&1 & echo $! >sleeper\n',
    ['sleeper'],
  );

  process.kill(Number(readFileSync(join(directory, 'run/machine.pid'), 'utf8')), 'SIGKILL');
  await cloud.untilState(instanceId, 'terminated');

  expect(existsSync(directory)).toBe(false);
  expect(pids.some(isAlive)).toBe(false);
});

it('takes everything with it where the machine itself fails', async () => {
  const { instanceId, directory, pids } = await launchWith(
    '#!/bin/bash\nsleep 60 >/dev/null 2>&1 & echo $! >sleeper\n',
    ['sleeper'],
  );
  const instance = cloud.instance(instanceId);
  // Where a script's folder should be, there is a file: the machine cannot store the script.
  writeFileSync(join(directory, 'blocked'), '');

  const { ended } = cloud.ec2Service.fleet.run(instance, {
    shell: 'sh',
    file: 'blocked/script.sh',
    text: 'exit',
    timeoutSeconds: 1,
  });

  expect(await ended).toBeUndefined();
  await cloud.untilState(instanceId, 'terminated');
  expect(existsSync(directory)).toBe(false);
  expect(pids.some(isAlive)).toBe(false);
});

it('terminates an instance that still boots', async () => {
  cloud = await startTestCloud({ userData: '#!/bin/bash\nsleep 60\n', graceSeconds: 0.2 });
  const instanceId = await cloud.launch();

  await terminate(instanceId);
  await cloud.untilState(instanceId, 'terminated');

  expect(cloud.instance(instanceId).online).toBe(false);
  expect(existsSync(cloud.instance(instanceId).machine.directory)).toBe(false);
});

it('terminates again without harm, and all or none of several', async () => {
  cloud = await startTestCloud();
  const instanceId = await cloud.launch();
  const unknown = 'i-0123456789abcdef0';

  await expect(
    cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId, unknown] })),
  ).rejects.toMatchObject({ name: 'InvalidInstanceID.NotFound' });
  expect(cloud.instance(instanceId).state).not.toBe('shutting-down');
  await terminate(instanceId);
  await cloud.untilState(instanceId, 'terminated');
  const { TerminatingInstances } = await terminate(instanceId);

  expect(TerminatingInstances![0]).toMatchObject({
    PreviousState: { Name: 'terminated' },
    CurrentState: { Name: 'terminated' },
  });
});

it('ends everything when the cloud stops, and launches nothing more', async () => {
  cloud = await startTestCloud({ userData: '#!/bin/bash\nsleep 60 >/dev/null 2>&1 &\n' });
  await cloud.launchOnline();
  await cloud.launch();

  await cloud.ec2Service.stop?.();

  expect(readdirSync(cloud.directory)).toEqual([]);
  expect(machineProcesses(cloud.directory)).toEqual([]);
  await expect(cloud.launch()).rejects.toMatchObject({ name: 'Unavailable' });
});
