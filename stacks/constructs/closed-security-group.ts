import { type ISecurityGroup, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { NetworkStack } from '../network-stack.ts';

export interface ClosedSecurityGroupProps {
  readonly network: NetworkStack;
  readonly description: string;
  /** S3's and DynamoDB's; where there are none, any address on 443 stands for them. */
  readonly gatewayPrefixLists: readonly string[];
  /** What the rule for the gateway endpoints says. */
  readonly gatewayRule: string;
}

/** Nothing may come in; out go the endpoints only. The VPC's resolver needs no rule. */
export function closedSecurityGroup(
  scope: Construct,
  id: string,
  { network, description, gatewayPrefixLists, gatewayRule }: ClosedSecurityGroupProps,
): ISecurityGroup {
  const { vpc, endpointSecurityGroup } = network;
  const group = new SecurityGroup(scope, id, { vpc, description, allowAllOutbound: false });
  group.addEgressRule(
    Peer.securityGroupId(endpointSecurityGroup.securityGroupId),
    Port.HTTPS,
    'Interface endpoints',
  );
  const gateways =
    gatewayPrefixLists.length > 0
      ? gatewayPrefixLists.map((prefixList) => Peer.prefixList(prefixList))
      : [Peer.anyIpv4()];
  for (const gateway of gateways) group.addEgressRule(gateway, Port.HTTPS, gatewayRule);
  return group;
}
