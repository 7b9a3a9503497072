import type * as z from 'zod';
import type { CreatedResource, DeclaredResource, ResourceHandler } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';
import { parsePolicy, type PolicyDocument } from '../../policy/document.ts';
import { networkProperties as properties } from './network-properties.ts';
import { newId } from './new-id.ts';

/** A VPC endpoint: calls of a service from the VPC pass it, and its policy must allow them. */
export interface VpcEndpoint {
  readonly vpcEndpointId: string;
  readonly vpcId: string;
  /** Last part of the service name, e.g. `s3`, `kms`, `states`. */
  readonly service: string;
  /** Absent where the endpoint has AWS's default policy, which allows everything. */
  readonly policy: PolicyDocument | undefined;
}

export interface Subnet {
  readonly subnetId: string;
  readonly vpcId: string;
  readonly availabilityZone: string;
  readonly cidrBlock: string;
}

/**
 * The declared network. Subnets and endpoints have an effect here (where an instance is, what its
 * calls must pass); routes, security groups and flow logs are read and have none, because all
 * machines of the embedded cloud share the loopback interface.
 */
export interface Network {
  readonly resources: readonly ResourceHandler[];
  subnet(subnetId: string): Subnet | undefined;
  endpoints(vpcId: string): readonly VpcEndpoint[];
  /** True where a NAT gateway lets instances reach services that have no endpoint. */
  hasNat(vpcId: string): boolean;
}

/** Makes the network that templates declare. */
export function createNetwork(): Network {
  const subnets = new Map<string, Subnet>();
  const endpoints: VpcEndpoint[] = [];
  const natVpcs = new Set<string>();

  const resources = [
    handler('AWS::EC2::VPC', properties.vpc, ({ CidrBlock }) => {
      const ref = newId('vpc');
      return { ref, attributes: { VpcId: ref, CidrBlock } };
    }),
    handler('AWS::EC2::Subnet', properties.subnet, ({ AvailabilityZone, CidrBlock, VpcId }) => {
      const ref = newId('subnet');
      subnets.set(ref, {
        subnetId: ref,
        vpcId: VpcId,
        availabilityZone: AvailabilityZone,
        cidrBlock: CidrBlock,
      });
      return { ref, attributes: { SubnetId: ref, AvailabilityZone, CidrBlock, VpcId } };
    }),
    handler('AWS::EC2::VPCEndpoint', properties.endpoint, (endpoint, { stack, logicalId }) => {
      const ref = newId('vpce');
      const { PolicyDocument: policy, ServiceName, VpcId } = endpoint;
      endpoints.push({
        vpcEndpointId: ref,
        vpcId: VpcId,
        service: ServiceName.split('.').at(-1) ?? '',
        policy: policy === undefined ? undefined : parsePolicy(policy, `${stack}/${logicalId}`),
      });
      return { ref, attributes: { Id: ref } };
    }),
    handler('AWS::EC2::NatGateway', properties.nat, ({ SubnetId }) => {
      const subnet = subnets.get(SubnetId);
      if (subnet !== undefined) natVpcs.add(subnet.vpcId);
      return identified('nat', 'NatGatewayId');
    }),
    handler('AWS::EC2::EIP', properties.address, () => {
      // An address of RFC 5737: for documentation, and nobody's.
      const PublicIp = '192.0.2.1';
      return { ref: PublicIp, attributes: { PublicIp, AllocationId: newId('eipalloc') } };
    }),
    handler('AWS::EC2::RouteTable', properties.routeTable, () => identified('rtb', 'RouteTableId')),
    handler('AWS::EC2::Route', properties.route, ({ RouteTableId, DestinationCidrBlock }) => ({
      ref: `${RouteTableId}|${DestinationCidrBlock}`,
      attributes: { CidrBlock: DestinationCidrBlock },
    })),
    handler('AWS::EC2::SubnetRouteTableAssociation', properties.routeTableAssociation, () =>
      identified('rtbassoc', 'Id'),
    ),
    handler('AWS::EC2::InternetGateway', properties.internetGateway, () =>
      identified('igw', 'InternetGatewayId'),
    ),
    handler('AWS::EC2::VPCGatewayAttachment', properties.gatewayAttachment, ({ VpcId }) => ({
      ref: `IGW|${VpcId}`,
      attributes: { AttachmentType: 'IGW' },
    })),
    handler('AWS::EC2::SecurityGroup', properties.securityGroup, ({ VpcId }) => {
      const ref = newId('sg');
      return { ref, attributes: { GroupId: ref, Id: ref, VpcId } };
    }),
    handler('AWS::EC2::FlowLog', properties.flowLog, () => identified('fl', 'Id')),
  ];

  return {
    resources,
    subnet: (subnetId) => subnets.get(subnetId),
    endpoints: (vpcId) => endpoints.filter((endpoint) => endpoint.vpcId === vpcId),
    hasNat: (vpcId) => natVpcs.has(vpcId),
  };
}

function handler<Properties>(
  type: string,
  schema: z.ZodType<Properties>,
  create: (properties: Properties, resource: DeclaredResource) => CreatedResource,
): ResourceHandler {
  return { type, create: (resource) => create(readProperties(schema, resource), resource) };
}

/** A resource that is an id and nothing more, which one attribute answers, too. */
function identified(prefix: string, attribute: string): CreatedResource {
  const ref = newId(prefix);
  return { ref, attributes: { [attribute]: ref } };
}
