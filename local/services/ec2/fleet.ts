import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError, type Surroundings } from '../../api.ts';
import { Attachments } from './attachments.ts';
import { createImage, imageEnvironment, type ImageSoftware } from './image.ts';
import {
  type Instance,
  type InstanceSpecification,
  isAlive,
  type StateReason,
  type Volume,
} from './instance.ts';
import { type RunningScript, startMachine } from './machine-host.ts';
import { machineProcesses, signal } from './machine-processes.ts';
import type { Script } from './machine-protocol.ts';
import { newId } from './new-id.ts';
import { freeAddress } from './subnet-address.ts';

/** What a new instance is to be. */
export interface Launch extends InstanceSpecification {
  readonly volumes: readonly Omit<Volume, 'volumeId'>[];
  /** The boot script, decoded. */
  readonly userData: string;
}

/** All instances of the embedded EC2, the ended ones of the last hour among them. */
export interface Fleet {
  /** Starts an instance; undefined where its subnet has no address left. */
  launch(launch: Launch): Instance | undefined;
  find(instanceId: string): Instance | undefined;
  all(): readonly Instance[];
  /** Volumes and interfaces, the orphaned ones among them. */
  readonly attachments: Attachments;
  /** Runs a script on an instance, with the instance's environment and fresh credentials. */
  run(instance: Instance, script: Omit<Script, 'environment'>): RunningScript;
  /** Ends an instance as TerminateInstances does: its processes get a moment, its volumes go with it. */
  terminate(instance: Instance, reason: StateReason): void;
  /** Cuts an instance's power, as a host failure does. EC2 ends such an instance by itself here. */
  crash(instance: Instance): Promise<void>;
  /** Ends all instances; ends when no process and no directory of theirs is left. */
  stop(): Promise<void>;
}

export interface FleetOptions {
  /** Seconds that processes of a terminated instance have to end by themselves. */
  readonly graceSeconds: number;
  /** What the image brings besides Amazon Linux. */
  readonly imageSoftware: ImageSoftware;
}

/** The longest that user data may run. */
const bootSeconds = 600;
const shownAfterEndMs = 3_600_000;

const reasons = {
  shutDown: {
    code: 'Client.InstanceInitiatedShutdown',
    message: 'Client.InstanceInitiatedShutdown: Instance initiated shutdown',
  },
  lost: { code: 'Server.InternalError', message: 'Server.InternalError: the machine was lost' },
  stopped: { code: 'Server.ScheduledStop', message: 'Server.ScheduledStop: the cloud stops' },
} satisfies Record<string, StateReason>;

/** Makes the fleet; each instance has a directory of its own under `<directory>/ec2`. */
export function createFleet(surroundings: Surroundings, options: FleetOptions): Fleet {
  const { clock, principals, region, directory } = surroundings;
  const root = prepareRoot(join(directory, 'ec2'));
  const image = createImage(join(root, 'image'), options.imageSoftware);
  const instances = new Map<string, Instance>();
  let stopping = false;

  const forgetOld = (): void => {
    const limit = clock.now().getTime() - shownAfterEndMs;
    for (const [id, { terminatedAt }] of instances) {
      if (terminatedAt !== undefined && terminatedAt.getTime() < limit) instances.delete(id);
    }
  };
  const all = (): readonly Instance[] => {
    forgetOld();
    return [...instances.values()];
  };
  const attachments = new Attachments(() => all().filter(isAlive));

  const run = (instance: Instance, script: Omit<Script, 'environment'>): RunningScript => {
    const { instanceId, roleArn, subnet, machine } = instance;
    const credentials = principals.issue(roleArn, instanceId, {
      instance: { instanceId, vpcId: subnet.vpcId },
      // IMDS renews credentials before they end; those in an environment have to outlive the script.
      lifetimeSeconds: script.timeoutSeconds + 3600,
    });
    const endpoint = surroundings.endpoint();
    const environment = imageEnvironment({
      directory: machine.directory,
      region,
      endpoint,
      credentials,
    });
    return machine.run({ ...script, environment });
  };

  const boot = async (instance: Instance, userData: string): Promise<void> => {
    await instance.machine.ready;
    if (instance.state !== 'pending') return;
    instance.state = 'running';
    const end = await run(instance, {
      shell: 'bash',
      file: 'var/lib/cloud/instance/scripts/part-001',
      text: userData,
      timeoutSeconds: bootSeconds,
    }).ended;
    if (end === undefined) return;
    instance.console = end.stdout + end.stderr;
    // One that could not set itself up never comes online. It stays until it is terminated or turns
    // itself off, as on AWS.
    if (hasState(instance, 'running')) instance.online = end.exitCode === 0;
  };

  const leave = (instance: Instance, reason: StateReason): void => {
    instance.stateReason ??= reason;
    instance.online = false;
  };
  const terminate = (instance: Instance, reason: StateReason): void => {
    if (instance.state === 'shutting-down' || !isAlive(instance)) return;
    leave(instance, reason);
    instance.state = 'shutting-down';
    // A directory that cannot be removed is told by stop().
    instance.machine.terminate(options.graceSeconds).catch(() => undefined);
  };
  const markGone = (instance: Instance): void => {
    leave(instance, reasons.lost);
    instance.state = 'terminated';
    instance.terminatedAt = clock.now();
    if (!instance.deleteOnTermination) attachments.orphan(instance);
    principals.revokeInstance(instance.instanceId);
  };

  const launch = ({ userData, volumes, ...specification }: Launch): Instance | undefined => {
    if (stopping) throw new ApiError('Unavailable', 'The embedded cloud stops', 503);
    const { subnet } = specification;
    const neighbours = attachments
      .interfaces()
      .map(({ instance }) => instance)
      .filter((other) => other.subnet === subnet);
    const taken = new Set(neighbours.map(({ privateIpAddress }) => privateIpAddress));
    const privateIpAddress = freeAddress(subnet.cidrBlock, taken);
    if (privateIpAddress === undefined) return undefined;
    const instanceId = newId('i');
    const home = join(root, instanceId);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    image.layOut(home);
    const instance: Instance = {
      ...specification,
      instanceId,
      reservationId: newId('r'),
      launchedAt: clock.now(),
      volumes: volumes.map((volume) => ({ ...volume, volumeId: newId('vol') })),
      networkInterfaceId: newId('eni'),
      privateIpAddress,
      machine: startMachine(home, {
        onShutdown: () => terminate(instance, reasons.shutDown),
        onGone: () => markGone(instance),
      }),
      online: false,
      state: 'pending',
      console: '',
      deleteOnTermination: true,
    };
    instances.set(instanceId, instance);
    void boot(instance, userData);
    return instance;
  };

  return {
    launch,
    all,
    attachments,
    run,
    terminate,
    find(instanceId) {
      forgetOld();
      return instances.get(instanceId);
    },
    crash: (instance) => instance.machine.crash(),
    async stop() {
      stopping = true;
      for (const instance of instances.values()) terminate(instance, reasons.stopped);
      await Promise.all([...instances.values()].map(({ machine }) => machine.gone));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Says it anew after an await: the compiler remembers what the state was before. */
const hasState = (instance: Instance, state: Instance['state']): boolean =>
  instance.state === state;

/**
 * Makes the folder of all machines, by its real path, as the kernel names it.
 *
 * What an earlier cloud in the same place could not end, be it killed with its machines, ends now.
 */
function prepareRoot(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const root = realpathSync(folder);
  for (const pid of machineProcesses(root)) signal(pid, 'SIGKILL');
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  return root;
}
