import * as z from 'zod';

/** A flag as templates write it: CloudFormation takes text, too. */
const flag = z.stringbool().or(z.boolean());
const port = z.coerce.number().int();
const Tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional();

const Rule = z.strictObject({
  CidrIp: z.string().optional(),
  Description: z.string().optional(),
  DestinationPrefixListId: z.string().optional(),
  DestinationSecurityGroupId: z.string().optional(),
  FromPort: port.optional(),
  IpProtocol: z.string(),
  SourceSecurityGroupId: z.string().optional(),
  ToPort: port.optional(),
});

/** The properties of a VPC's parts: those that the stacks use, and no others. */
export const networkProperties = {
  vpc: z.strictObject({
    CidrBlock: z.cidrv4(),
    EnableDnsHostnames: flag.optional(),
    EnableDnsSupport: flag.optional(),
    InstanceTenancy: z.string().optional(),
    Tags,
  }),
  subnet: z.strictObject({
    AvailabilityZone: z.string(),
    CidrBlock: z.cidrv4(),
    MapPublicIpOnLaunch: flag.optional(),
    Tags,
    VpcId: z.string(),
  }),
  endpoint: z.strictObject({
    PolicyDocument: z.unknown().optional(),
    PrivateDnsEnabled: flag.optional(),
    RouteTableIds: z.array(z.string()).optional(),
    SecurityGroupIds: z.array(z.string()).optional(),
    ServiceName: z.string(),
    SubnetIds: z.array(z.string()).optional(),
    Tags,
    VpcEndpointType: z.enum(['Gateway', 'Interface']).optional(),
    VpcId: z.string(),
  }),
  routeTable: z.strictObject({ Tags, VpcId: z.string() }),
  route: z.strictObject({
    DestinationCidrBlock: z.cidrv4(),
    GatewayId: z.string().optional(),
    NatGatewayId: z.string().optional(),
    RouteTableId: z.string(),
  }),
  routeTableAssociation: z.strictObject({ RouteTableId: z.string(), SubnetId: z.string() }),
  internetGateway: z.strictObject({ Tags }),
  gatewayAttachment: z.strictObject({ InternetGatewayId: z.string(), VpcId: z.string() }),
  address: z.strictObject({ Domain: z.literal('vpc'), Tags }),
  nat: z.strictObject({ AllocationId: z.string(), SubnetId: z.string(), Tags }),
  securityGroup: z.strictObject({
    GroupDescription: z.string(),
    SecurityGroupEgress: z.array(Rule).optional(),
    SecurityGroupIngress: z.array(Rule).optional(),
    Tags,
    VpcId: z.string(),
  }),
  flowLog: z.strictObject({
    LogDestination: z.string(),
    LogDestinationType: z.literal('s3'),
    ResourceId: z.string(),
    ResourceType: z.literal('VPC'),
    Tags,
    TrafficType: z.enum(['ALL', 'ACCEPT', 'REJECT']),
  }),
};
