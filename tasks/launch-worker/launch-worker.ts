import { createHash } from 'node:crypto';
import {
  type _InstanceType,
  type EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { BatchPlan, LiveSlot } from '../../workflow/model/batch-plan.ts';
import {
  ContractError,
  InsufficientCapacityError,
  QuotaExceededError,
} from '../../workflow/model/errors.ts';
import { isAwsError } from '../../runtime/aws-errors.ts';
import { refuseEndedRun } from '../refuse-ended-run.ts';
import { workerTags } from '../run-instances/run-scope.ts';

export const LaunchWorkerInput = z.strictObject({
  ...LiveSlot.shape,
  ...BatchPlan.pick({ tenancy: true, instanceType: true }).shape,
});
export type LaunchWorkerInput = z.infer<typeof LaunchWorkerInput>;

export const LaunchWorkerOutput = z.strictObject({ instanceId: z.string().min(1) });
export type LaunchWorkerOutput = z.infer<typeof LaunchWorkerOutput>;

export interface LaunchWorkerDeps {
  readonly ec2: EC2Client;
  readonly study: string;
  readonly launchTemplate: { readonly id: string; readonly version: string };
  /** The isolated subnets, one per zone. */
  readonly subnetIds: readonly string[];
}

/** No room now: EC2 may have it in a minute. */
const noCapacity = new Set([
  'InsufficientAddressCapacity',
  'InsufficientCapacity',
  'InsufficientFreeAddressesInSubnet',
  'InsufficientHostCapacity',
  'InsufficientInstanceCapacity',
]);

/** A person has to ask AWS for more. */
const noQuota = new Set([
  'InstanceLimitExceeded',
  'MaxIOPSLimitExceeded',
  'NetworkInterfaceLimitExceeded',
  'VcpuLimitExceeded',
  'VolumeLimitExceeded',
]);

/**
 * Launches one W from the launch template, tagged so that only its tags are needed to find it.
 *
 * The client token is a digest of run, worker and attempt: a repeated call answers the
 * instance that the first one launched, be it terminated by now. Workers are dealt out over the
 * zones in turn, and a second attempt takes the next zone.
 *
 * @throws RunEndedError in a run that is over.
 * @throws InsufficientCapacityError when EC2 has no room for the instance now.
 * @throws QuotaExceededError when the account may not have another one.
 */
export async function launchWorker(
  input: LaunchWorkerInput,
  deps: LaunchWorkerDeps,
): Promise<LaunchWorkerOutput> {
  refuseEndedRun(input);
  const { workerIndex, attempt } = input;
  const tags = workerTags(deps.study, input);
  const request: RunInstancesCommandInput = {
    MinCount: 1,
    MaxCount: 1,
    LaunchTemplate: {
      LaunchTemplateId: deps.launchTemplate.id,
      Version: deps.launchTemplate.version,
    },
    // The SDK's list of types ends with its release; EC2 itself refuses one that it does not have.
    InstanceType: input.instanceType as _InstanceType,
    Placement: { Tenancy: input.tenancy },
    SubnetId: deps.subnetIds[(workerIndex + attempt - 1) % deps.subnetIds.length],
    ClientToken: clientToken(input),
    TagSpecifications: (['instance', 'volume', 'network-interface'] as const).map(
      (ResourceType) => ({ ResourceType, Tags: tags }),
    ),
  };
  try {
    const { Instances } = await deps.ec2.send(new RunInstancesCommand(request));
    const instanceId = Instances?.[0]?.InstanceId;
    if (instanceId === undefined) throw new ContractError('EC2 answered a launch with no instance');
    return { instanceId };
  } catch (error) {
    if (isAwsError(error, noCapacity)) {
      throw new InsufficientCapacityError(`EC2 has no room for worker ${workerIndex} now`, {
        cause: error,
      });
    }
    if (isAwsError(error, noQuota)) {
      throw new QuotaExceededError(
        `the account's quota is used up: worker ${workerIndex} cannot be launched (${error.name})`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** EC2 takes up to 64 characters: a SHA-256 in hex is exactly that. */
function clientToken({ workerIndex, attempt, ...run }: LaunchWorkerInput): string {
  const named = [run.executionArn, run.redrive, workerIndex, attempt].join('/');
  return createHash('sha256').update(named).digest('hex');
}
