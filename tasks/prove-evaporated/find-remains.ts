import {
  type EC2Client,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSnapshots,
  paginateDescribeVolumes,
} from '@aws-sdk/client-ec2';
import { findInstances } from '../run-instances/find-instances.ts';
import { filtersOf, type RunScope } from '../run-instances/run-scope.ts';

/** What EC2 still has of a run: how many of each kind are on their way out, and how many are not. */
export interface Remains {
  readonly kind: 'instances' | 'volumes' | 'interfaces' | 'snapshots';
  readonly ending: number;
  readonly staying: number;
}

/** States of a volume or interface that is attached to a dying instance, or dying itself. */
const detaching = new Set(['in-use', 'deleting', 'detaching', 'deleted']);

/** Looks for everything that EC2 can keep of a run, by tag. */
export async function findRemains(ec2: EC2Client, scope: RunScope): Promise<Remains[]> {
  const filters = { Filters: filtersOf(scope) };
  const instances = (await findInstances(ec2, scope)).map(({ state }) => state);
  const volumes: string[] = [];
  for await (const { Volumes } of paginateDescribeVolumes({ client: ec2 }, filters)) {
    volumes.push(...(Volumes ?? []).map(({ State }) => State ?? 'unknown'));
  }
  const interfaces: string[] = [];
  for await (const page of paginateDescribeNetworkInterfaces({ client: ec2 }, filters)) {
    interfaces.push(...(page.NetworkInterfaces ?? []).map(({ Status }) => Status ?? 'unknown'));
  }
  const snapshots: string[] = [];
  const own = { ...filters, OwnerIds: ['self'] };
  for await (const { Snapshots } of paginateDescribeSnapshots({ client: ec2 }, own)) {
    snapshots.push(...(Snapshots ?? []).map(() => 'stored'));
  }
  // What hangs on an instance that still runs is not on its way out.
  const isDying = instances.every((state) => state === 'shutting-down');
  const isEnding = (state: string) => isDying && detaching.has(state);
  return [
    count('instances', instances, (state) => state === 'shutting-down'),
    count('volumes', volumes, isEnding),
    count('interfaces', interfaces, isEnding),
    count('snapshots', snapshots, () => false),
  ];
}

function count(
  kind: Remains['kind'],
  states: readonly string[],
  isEnding: (state: string) => boolean,
): Remains {
  const ending = states.filter(isEnding).length;
  return { kind, ending, staying: states.length - ending };
}
