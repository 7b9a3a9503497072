import type { MachineHost } from './machine-host.ts';
import type { Subnet } from './network.ts';

export type InstanceState =
  'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

/** EC2's numeric code of each state. */
const stateCodes: Record<InstanceState, number> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** A state as answers of EC2 write it. */
export const describeState = (name: InstanceState) => ({ code: stateCodes[name], name });

export type TaggedResource = 'instance' | 'volume' | 'network-interface';
export const taggedResources = ['instance', 'volume', 'network-interface'] as const;

export type Tags = Readonly<Record<string, string>>;

export interface Volume {
  readonly volumeId: string;
  readonly deviceName: string;
  readonly sizeGiB: number;
  readonly type: string;
  readonly kmsKeyId: string | undefined;
}

/** What an instance is from its launch to its end. */
export interface InstanceSpecification {
  readonly imageId: string;
  readonly instanceType: string;
  readonly tenancy: string;
  readonly subnet: Subnet;
  readonly securityGroupIds: readonly string[];
  readonly clientToken: string | undefined;
  readonly instanceProfileArn: string;
  readonly roleArn: string;
  /** What becomes of it where it turns itself off, or its power is cut. */
  readonly shutdownBehavior: 'stop' | 'terminate';
  /** Tags by the resource they were asked for. */
  readonly tags: Readonly<Record<TaggedResource, Tags>>;
}

/** Why an instance ended or stopped, in EC2's words. */
export interface StateReason {
  readonly code: string;
  readonly message: string;
}

/** An instance of the embedded EC2: what DescribeInstances tells, and the machine behind it. */
export interface Instance extends InstanceSpecification {
  readonly instanceId: string;
  readonly reservationId: string;
  /** When it was launched, or started again. */
  launchedAt: Date;
  readonly volumes: readonly Volume[];
  readonly networkInterfaceId: string;
  readonly privateIpAddress: string;
  /** The machine behind it; a stopped instance's last one. */
  machine: MachineHost;
  /** True once what runs at boot ended well: from then on Run Command reaches the instance. */
  online: boolean;
  state: InstanceState;
  stateReason?: StateReason;
  /** When it was terminated; EC2 shows an instance for about an hour longer. */
  terminatedAt?: Date;
  /** What user data printed, once it ended: EC2's console output. */
  console: string;
  /**
   * False where the instance will leave its volumes and its interface behind: what no launch here
   * asks for, and a failure of EC2 can bring about. For tests to set.
   */
  deleteOnTermination: boolean;
}

/** An instance that has volumes, an interface and an address, and counts for the quota. */
export const isAlive = ({ state }: Instance): boolean => state !== 'terminated';
