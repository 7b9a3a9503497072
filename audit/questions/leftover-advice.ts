import type { Existing, LeftoverKind } from './find-leftovers.ts';

const ways: Readonly<Record<LeftoverKind, (id: string) => string>> = {
  instance: (id) => `aws ec2 terminate-instances --instance-ids ${id}`,
  volume: (id) => `aws ec2 delete-volume --volume-id ${id}`,
  interface: (id) => `aws ec2 delete-network-interface --network-interface-id ${id}`,
  snapshot: (id) =>
    `aws ec2 delete-snapshot --snapshot-id ${id}, after finding who copied a volume`,
  queue: () => 'aws sqs delete-queue',
  grant: (id) => `aws kms revoke-grant --grant-id ${id}, on the data key`,
};

/** The sweeper ends these where they carry a batch; it neither makes nor ends snapshots. */
const swept = new Set<LeftoverKind>(['instance', 'volume', 'interface', 'queue', 'grant']);

/**
 * Says what to do about something that should not exist.
 *
 * What bears a batch's id is the hourly sweep's to end; services also tell of what is gone, a
 * revoked grant for five minutes and a deleted queue for one.
 */
export function adviceOn({ kind, id, state, batchId }: Existing): string {
  if (state === 'shutting-down' || state === 'deleting') {
    return 'it is on its way out: look again in five minutes';
  }
  if (state === 'in-use') return 'it goes with the instance that it hangs on';
  return batchId !== undefined && swept.has(kind)
    ? `the hourly sweep ends it; if it is there after that: ${ways[kind](id)}`
    : `no run made it, so no sweep ends it: ${ways[kind](id)}`;
}
