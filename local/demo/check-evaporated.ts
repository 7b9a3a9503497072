import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVolumesCommand,
} from '@aws-sdk/client-ec2';
import { ListGrantsCommand } from '@aws-sdk/client-kms';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { grantNamePrefix } from '../../workflow/model/names.ts';
import { tagKeys } from '../../workflow/model/tags.ts';
import type { RoleClients } from './clients.ts';

/** What is left of a run. */
export interface Remnants {
  readonly instances: number;
  readonly volumes: number;
  readonly networkInterfaces: number;
  readonly grants: number;
  readonly queues: number;
}

/** Looks for everything that a run had, as the auditor, by the same API calls as on AWS. */
export async function findRemnants(
  { ec2, kms, sqs }: Pick<RoleClients, 'ec2' | 'kms' | 'sqs'>,
  run: { study: string; batchId: string; executionArn: string; dataKeyArn: string },
): Promise<Remnants> {
  const ofBatch = [{ Name: `tag:${tagKeys.batch}`, Values: [run.batchId] }];
  const [instances, volumes, interfaces, grants, queues] = await Promise.all([
    ec2.send(new DescribeInstancesCommand({ Filters: ofBatch })),
    ec2.send(new DescribeVolumesCommand({ Filters: ofBatch })),
    ec2.send(new DescribeNetworkInterfacesCommand({ Filters: ofBatch })),
    kms.send(new ListGrantsCommand({ KeyId: run.dataKeyArn, Limit: 100 })),
    sqs.send(new ListQueuesCommand({ QueueNamePrefix: `${run.study}-batch-${run.batchId}` })),
  ]);
  const living = (instances.Reservations ?? [])
    .flatMap(({ Instances = [] }) => Instances)
    .filter(({ State }) => State?.Name !== 'terminated');
  const prefix = grantNamePrefix(run);
  return {
    instances: living.length,
    volumes: volumes.Volumes?.length ?? 0,
    networkInterfaces: interfaces.NetworkInterfaces?.length ?? 0,
    grants: (grants.Grants ?? []).filter(({ Name }) => Name?.startsWith(prefix)).length,
    queues: queues.QueueUrls?.length ?? 0,
  };
}
