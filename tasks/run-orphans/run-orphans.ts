import {
  DeleteNetworkInterfaceCommand,
  DeleteVolumeCommand,
  type EC2Client,
  paginateDescribeNetworkInterfaces,
  paginateDescribeVolumes,
  type Tag,
} from '@aws-sdk/client-ec2';
import { isAwsError } from '../../runtime/aws-errors.ts';
import { tagKeys } from '../../workflow/model/tags.ts';
import { filtersOf, type RunScope } from '../run-instances/run-scope.ts';

/** A volume or network interface that hangs on no instance, though it was made for one. */
export interface Orphan {
  readonly kind: 'volume' | 'interface';
  readonly id: string;
  /** Absent where the tag is not there, as on what no run launched. */
  readonly batchId?: string | undefined;
  /** Name of the execution that launched it. */
  readonly execution?: string | undefined;
}

/** What is deleted already. */
const gone = new Set(['InvalidVolume.NotFound', 'InvalidNetworkInterfaceID.NotFound']);

/**
 * Finds a scope's volumes and interfaces that EC2 calls available, page by page.
 *
 * Those that are in use are none: they go with their instance, and EC2 deletes none of them before.
 */
export async function findOrphans(client: EC2Client, scope: RunScope): Promise<Orphan[]> {
  const Filters = [...filtersOf(scope), { Name: 'status', Values: ['available'] }];
  const found: Orphan[] = [];
  for await (const { Volumes = [] } of paginateDescribeVolumes({ client }, { Filters })) {
    for (const { VolumeId = '', Tags } of Volumes) {
      found.push({ kind: 'volume', id: VolumeId, ...runOf(Tags) });
    }
  }
  for await (const page of paginateDescribeNetworkInterfaces({ client }, { Filters })) {
    for (const { NetworkInterfaceId = '', TagSet } of page.NetworkInterfaces ?? []) {
      found.push({ kind: 'interface', id: NetworkInterfaceId, ...runOf(TagSet) });
    }
  }
  return found;
}

/** Deletes orphans that were found. Answers how many; one that was gone already is none of them. */
export async function deleteOrphans(
  ec2: EC2Client,
  found: readonly Orphan[],
): Promise<{ volumes: number; interfaces: number }> {
  const deleted = { volume: 0, interface: 0 };
  for (const { kind, id } of found) {
    try {
      if (kind === 'volume') await ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
      else await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
      deleted[kind] += 1;
    } catch (error) {
      if (!isAwsError(error, gone)) throw error;
    }
  }
  return { volumes: deleted.volume, interfaces: deleted.interface };
}

function runOf(tags: readonly Tag[] = []): Pick<Orphan, 'batchId' | 'execution'> {
  const valueOf = (key: string) => tags.find(({ Key }) => Key === key)?.Value;
  return { batchId: valueOf(tagKeys.batch), execution: valueOf(tagKeys.execution) };
}
