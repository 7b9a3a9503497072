import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError, type Surroundings } from '../../api.ts';
import { Attachments } from './attachments.ts';
import { bootSeconds, firstBoot, laterBoot } from './boot-scripts.ts';
import { prepareRoot } from './fleet-root.ts';
import { createImage, imageEnvironment, type ImageSoftware } from './image.ts';
import {
  type Instance,
  type InstanceSpecification,
  isAlive,
  type StateReason,
  type Volume,
} from './instance.ts';
import { type MachineHost, type RunningScript, startMachine } from './machine-host.ts';
import type { Script } from './machine-protocol.ts';
import { newId } from './new-id.ts';
import { stateReasons as reasons } from './state-reasons.ts';
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
  /** Stops an instance as StopInstances does: its processes get a moment, its volumes stay. */
  stop(instance: Instance): void;
  /** Boots a stopped instance again, with the disk that it had. */
  start(instance: Instance): void;
  /**
   * Cuts an instance's power, as a host failure does. By itself EC2 ends an instance here that
   * terminates at shutdown; another is stopped then.
   */
  crash(instance: Instance): Promise<void>;
  /** Ends all instances; ends when no process and no directory of theirs is left. */
  shutDown(): Promise<void>;
}

export interface FleetOptions {
  /** Seconds that processes of a terminated instance have to end by themselves. */
  readonly graceSeconds: number;
  /** What the image brings besides Amazon Linux. */
  readonly imageSoftware: ImageSoftware;
}

const shownAfterEndMs = 3_600_000;

/** Makes the fleet; each instance has a directory of its own under `<directory>/ec2`. */
export function createFleet(surroundings: Surroundings, options: FleetOptions): Fleet {
  const { clock, principals, region, directory } = surroundings;
  const root = prepareRoot(join(directory, 'ec2'));
  const image = createImage(join(root, 'image'), options.imageSoftware);
  const instances = new Map<string, Instance>();
  let stopping = false;

  const refuseWhileStopping = (): void => {
    if (stopping) throw new ApiError('Unavailable', 'The embedded cloud stops', 503);
  };
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

  const boot = async (instance: Instance, script: Pick<Script, 'file' | 'text'>): Promise<void> => {
    const { machine } = instance;
    await machine.ready;
    if (instance.state !== 'pending' || instance.machine !== machine) return;
    instance.state = 'running';
    const end = await run(instance, { ...script, shell: 'bash', timeoutSeconds: bootSeconds })
      .ended;
    if (end === undefined || instance.machine !== machine) return;
    instance.console = end.stdout + end.stderr;
    // One that could not set itself up never comes online. It stays until it is terminated or turns
    // itself off, as on AWS.
    if (hasState(instance, 'running')) instance.online = end.exitCode === 0;
  };

  const leave = (instance: Instance, reason: StateReason): void => {
    instance.stateReason ??= reason;
    instance.online = false;
  };
  const markGone = (instance: Instance): void => {
    leave(instance, reasons.lost);
    instance.state = 'terminated';
    instance.terminatedAt = clock.now();
    if (!instance.deleteOnTermination) attachments.orphan(instance);
    principals.revokeInstance(instance.instanceId);
    // What it was stopped with, before it was terminated.
    rmSync(homeOf(instance), { recursive: true, force: true });
  };
  const markStopped = (instance: Instance): void => {
    leave(instance, reasons.lost);
    instance.state = 'stopped';
    principals.revokeInstance(instance.instanceId);
  };
  const terminate = (instance: Instance, reason: StateReason): void => {
    const { state, machine } = instance;
    if (state === 'shutting-down' || !isAlive(instance)) return;
    leave(instance, reason);
    instance.state = 'shutting-down';
    // A directory that cannot be removed is told by shutDown().
    if (state === 'stopped') markGone(instance);
    else machine.terminate(options.graceSeconds).catch(() => undefined);
  };
  const stop = (instance: Instance, reason: StateReason): void => {
    if (instance.state !== 'pending' && instance.state !== 'running') return;
    leave(instance, reason);
    instance.state = 'stopping';
    instance.machine.stop(options.graceSeconds).catch(() => undefined);
  };
  const homeOf = ({ instanceId }: Pick<Instance, 'instanceId'>): string => join(root, instanceId);
  const survives = ({ state, shutdownBehavior }: Instance): boolean =>
    state === 'stopping' || (state !== 'shutting-down' && shutdownBehavior === 'stop');
  /** Powers a machine on for the instance, which may be known only later. */
  const powerOn = (instanceId: string, instance: () => Instance): MachineHost =>
    startMachine(homeOf({ instanceId }), {
      onShutdown: () => {
        const endsBy = instance().shutdownBehavior === 'stop' ? stop : terminate;
        endsBy(instance(), reasons.shutDown);
      },
      keepsDirectory: () => survives(instance()),
      onGone: () => (survives(instance()) ? markStopped : markGone)(instance()),
    });

  const launch = ({ userData, volumes, ...specification }: Launch): Instance | undefined => {
    refuseWhileStopping();
    const { subnet } = specification;
    const neighbours = attachments
      .interfaces()
      .map(({ instance }) => instance)
      .filter((other) => other.subnet === subnet);
    const taken = new Set(neighbours.map(({ privateIpAddress }) => privateIpAddress));
    const privateIpAddress = freeAddress(subnet.cidrBlock, taken);
    if (privateIpAddress === undefined) return undefined;
    const instanceId = newId('i');
    const home = homeOf({ instanceId });
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
      machine: powerOn(instanceId, () => instance),
      online: false,
      state: 'pending',
      console: '',
      deleteOnTermination: true,
    };
    instances.set(instanceId, instance);
    void boot(instance, firstBoot(userData));
    return instance;
  };
  const start = (instance: Instance): void => {
    refuseWhileStopping();
    if (instance.state !== 'stopped') return;
    instance.stateReason = undefined;
    instance.state = 'pending';
    instance.launchedAt = clock.now();
    instance.machine = powerOn(instance.instanceId, () => instance);
    void boot(instance, laterBoot);
  };

  return {
    launch,
    all,
    attachments,
    run,
    terminate,
    stop: (instance) => stop(instance, reasons.asked),
    start,
    find(instanceId) {
      forgetOld();
      return instances.get(instanceId);
    },
    crash: (instance) => instance.machine.crash(),
    async shutDown() {
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
