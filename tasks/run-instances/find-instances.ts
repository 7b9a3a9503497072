import { type EC2Client, type Instance, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import { tagKeys } from '../../workflow/model/tags.ts';
import { filtersOf, type RunScope } from './run-scope.ts';

/** An instance as the tasks see it. */
export interface FoundInstance {
  readonly instanceId: string;
  readonly state: string;
  /** Absent where the tag is not there, as on an instance that no run launched. */
  readonly batchId?: string | undefined;
  /** Name of the execution that launched it. */
  readonly execution?: string | undefined;
}

/** States in which an instance exists, may run, or may start again. */
const notTerminated = ['pending', 'running', 'stopping', 'stopped', 'shutting-down'];

/** Finds a scope's instances that are not terminated, page by page. */
export async function findInstances(ec2: EC2Client, scope: RunScope): Promise<FoundInstance[]> {
  const states = { Name: 'instance-state-name', Values: notTerminated };
  return describe(ec2, [...filtersOf(scope), states]);
}

/** Finds the instances of a study that are one of its long-lived systems, and not terminated. */
export function findSystem(
  ec2: EC2Client,
  study: string,
  system: string,
): Promise<FoundInstance[]> {
  return describe(ec2, [
    ...filtersOf({ study }),
    { Name: `tag:${tagKeys.system}`, Values: [system] },
    { Name: 'instance-state-name', Values: notTerminated },
  ]);
}

/**
 * Reads instances by id, whatever their state; one that EC2 does not know is left out.
 *
 * A filter and not `InstanceIds`: one unknown id among these would fail the whole call.
 */
export function readInstances(
  ec2: EC2Client,
  instanceIds: readonly string[],
): Promise<FoundInstance[]> {
  return describe(ec2, [{ Name: 'instance-id', Values: [...instanceIds] }]);
}

async function describe(
  client: EC2Client,
  Filters: { Name: string; Values: string[] }[] | ReturnType<typeof filtersOf>,
): Promise<FoundInstance[]> {
  const found: FoundInstance[] = [];
  for await (const page of paginateDescribeInstances({ client }, { Filters })) {
    for (const reservation of page.Reservations ?? []) {
      for (const instance of reservation.Instances ?? []) found.push(summarize(instance));
    }
  }
  return found;
}

function summarize({ InstanceId, State, Tags }: Instance): FoundInstance {
  const valueOf = (key: string) => Tags?.find(({ Key }) => Key === key)?.Value;
  return {
    instanceId: InstanceId ?? '',
    state: State?.Name ?? 'unknown',
    batchId: valueOf(tagKeys.batch),
    execution: valueOf(tagKeys.execution),
  };
}
