import { paginateDescribeInstanceInformation, type SSMClient } from '@aws-sdk/client-ssm';

/** Answers which of these instances have an SSM agent that answers, page by page. */
export async function onlineWorkers(
  ssm: SSMClient,
  instanceIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const online = new Set<string>();
  const pages = paginateDescribeInstanceInformation(
    { client: ssm },
    { Filters: [{ Key: 'InstanceIds', Values: [...instanceIds] }], MaxResults: 50 },
  );
  for await (const page of pages) {
    for (const { InstanceId, PingStatus } of page.InstanceInformationList ?? []) {
      if (InstanceId !== undefined && PingStatus === 'Online') online.add(InstanceId);
    }
  }
  return online;
}
