import * as z from 'zod';
import type { Call, Surroundings } from '../../api.ts';
import { epochSeconds } from '../../read-input.ts';
import type { Fleet } from '../ec2/fleet.ts';
import { takePage } from '../ec2/page.ts';

export const DescribeInstanceInformationInput = z.strictObject({
  Filters: z
    .array(
      z.strictObject({
        Key: z.literal('InstanceIds', { error: 'must be InstanceIds in the embedded cloud' }),
        Values: z.array(z.string()).min(1).max(100),
      }),
    )
    .default([]),
  MaxResults: z.int().min(5).max(50).optional(),
  NextToken: z.string().optional(),
});

/** Lists the instances whose agent answers: those that run and have set themselves up. */
export function describeInstanceInformation(
  { Filters, MaxResults, NextToken }: z.infer<typeof DescribeInstanceInformationInput>,
  call: Call,
  { fleet, surroundings }: { readonly fleet: Fleet; readonly surroundings: Surroundings },
): Record<string, unknown> {
  call.record({ eventName: 'DescribeInstanceInformation', readOnly: true });
  call.authorize({ action: 'ssm:DescribeInstanceInformation', resource: '*' });
  const online = fleet
    .all()
    .filter((instance) => instance.online)
    .filter(({ instanceId }) => Filters.every(({ Values }) => Values.includes(instanceId)));
  const { items, nextToken } = takePage(
    online,
    ({ instanceId }) => instanceId,
    { size: MaxResults, token: NextToken },
    'InvalidNextToken',
  );
  const now = epochSeconds(surroundings.clock.now());
  return {
    InstanceInformationList: items.map(({ instanceId, privateIpAddress }) => ({
      InstanceId: instanceId,
      PingStatus: 'Online',
      LastPingDateTime: now,
      PlatformType: 'Linux',
      PlatformName: 'Amazon Linux',
      PlatformVersion: '2023',
      ResourceType: 'EC2Instance',
      IPAddress: privateIpAddress,
    })),
    NextToken: nextToken,
  };
}
