import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { CancelCommandCommand } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock, VirtualClock } from '../../../../local/clock.ts';
import { isAlive, type TestCloud } from '../ec2/test-cloud.ts';
import { prepareCommand, readPid } from './prepared-command.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

async function prepare(...given: Parameters<typeof prepareCommand>) {
  const prepared = await prepareCommand(...given);
  cloud = prepared.cloud;
  return prepared;
}

describe('a command that does not end by itself', () => {
  it('is killed with its children at the time limit of the document', async () => {
    const { send, untilStatus, directory } = await prepare(
      ['sleep 60 & echo $! >child', 'trap "" TERM', 'sleep 60'],
      { timeoutSeconds: 1 },
    );

    const commandId = await send();
    const child = await readPid(directory, 'child');
    const ended = await untilStatus(commandId, 'TimedOut');

    expect(ended).toMatchObject({ StatusDetails: 'ExecutionTimedOut', ResponseCode: 137 });
    expect(isAlive(child)).toBe(false);
  });

  it('is killed with its children when it is cancelled', async () => {
    const { send, look, untilStatus, directory } = await prepare([
      'echo begun',
      'sleep 60 & echo $! >child',
      'wait',
    ]);
    const commandId = await send();
    const child = await readPid(directory, 'child');
    const during = await look(commandId);

    await cloud.ssm.send(new CancelCommandCommand({ CommandId: commandId }));
    const ended = await untilStatus(commandId, 'Cancelled');

    expect(during).toMatchObject({ Status: 'InProgress', ResponseCode: -1 });
    expect(ended).toMatchObject({ ResponseCode: 137, StandardOutputContent: 'begun\n' });
    expect(isAlive(child)).toBe(false);
  });

  it('is not changed by a cancel after its end', async () => {
    const { send, untilStatus } = await prepare(['true']);
    const commandId = await send();
    await untilStatus(commandId, 'Success');

    await cloud.ssm.send(new CancelCommandCommand({ CommandId: commandId }));

    expect(await untilStatus(commandId, 'Success')).toMatchObject({ ResponseCode: 0 });
  });

  it('is told to end when its instance is terminated, then killed', async () => {
    const { instanceId, directory, send, untilStatus } = await prepare([
      'trap "echo told" TERM',
      'echo $$ >own',
      'while :; do sleep 0.05; done',
    ]);
    const commandId = await send();
    const own = await readPid(directory, 'own');

    await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));
    const ended = await untilStatus(commandId, 'Failed');
    await cloud.untilState(instanceId, 'terminated');

    expect(ended).toMatchObject({ ResponseCode: 137, StandardOutputContent: 'told\n' });
    expect(isAlive(own)).toBe(false);
    expect(existsSync(directory)).toBe(false);
  });

  it('fails as Undeliverable when its instance loses power', async () => {
    const { instanceId, directory, send, untilStatus } = await prepare([
      'echo $$ >own',
      'sleep 60',
    ]);
    const commandId = await send();
    const own = await readPid(directory, 'own');

    await cloud.ec2Service.fleet.crash(cloud.instance(instanceId));
    const ended = await untilStatus(commandId, 'Failed');

    expect(ended).toMatchObject({ StatusDetails: 'Undeliverable', ResponseCode: -1 });
    expect(isAlive(own)).toBe(false);
  });

  it('times out undelivered where the machine does not take it, and does not run later', async () => {
    const virtual = new VirtualClock();
    const clock = { now: () => virtual.now(), sleep: virtual.sleep.bind(virtual) };
    const { directory, send, look } = await prepare(['touch ran'], { clock });
    const machine = Number(readFileSync(join(directory, 'run/machine.pid'), 'utf8'));
    process.kill(machine, 'SIGSTOP');

    const commandId = await send({ TimeoutSeconds: 30 });
    await virtual.advance(29_999);
    const before = await look(commandId);
    await virtual.advance(1);
    const after = await look(commandId);
    process.kill(machine, 'SIGCONT');
    await systemClock.sleep(300);

    expect(before.Status).toBe('Pending');
    expect(after).toMatchObject({ Status: 'TimedOut', StatusDetails: 'DeliveryTimedOut' });
    expect(existsSync(join(directory, 'ran'))).toBe(false);
  });
});
