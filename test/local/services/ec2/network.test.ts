import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetwork } from '../../../../local/services/ec2/network.ts';
import type { CreatedResource, ResourceHandler } from '../../../../local/api.ts';
import { resolveStudy } from '../../../support/resolve.ts';
import { synthesize } from '../../../support/synth.ts';
import { startTestCloud, type TestCloud } from './test-cloud.ts';
import { profileArn } from './worker-template.ts';

const network = createNetwork();

const declare = (type: string, properties: Record<string, unknown>): CreatedResource => {
  const handler: ResourceHandler = network.resources.find((known) => known.type === type)!;
  const resource = { stack: 'Network', logicalId: 'Part', type, properties, tags: {} };
  return handler.create(resource) as CreatedResource;
};

describe('a declared network', () => {
  const vpcId = 'vpc-1';

  it('knows its subnets by their id', () => {
    const properties = { VpcId: vpcId, AvailabilityZone: 'us-east-1b', CidrBlock: '10.0.4.0/22' };

    const { ref, attributes } = declare('AWS::EC2::Subnet', properties);

    expect(ref).toMatch(/^subnet-[0-9a-f]{17}$/);
    expect(attributes).toEqual({ SubnetId: ref, ...properties });
    expect(network.subnet(ref)).toEqual({
      subnetId: ref,
      vpcId,
      availabilityZone: 'us-east-1b',
      cidrBlock: '10.0.4.0/22',
    });
    expect(network.subnet('subnet-0')).toBeUndefined();
  });

  it('knows the endpoints of a VPC with their policies', () => {
    const PolicyDocument = {
      Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
    };
    const { ref } = declare('AWS::EC2::VPCEndpoint', {
      VpcId: vpcId,
      ServiceName: 'com.amazonaws.us-east-1.s3',
      VpcEndpointType: 'Gateway',
      RouteTableIds: ['rtb-1'],
      PolicyDocument,
    });
    declare('AWS::EC2::VPCEndpoint', {
      VpcId: 'vpc-2',
      ServiceName: 'com.amazonaws.us-east-1.kms',
      PrivateDnsEnabled: true,
    });

    const [endpoint, ...others] = network.endpoints(vpcId);

    expect(others).toEqual([]);
    expect(endpoint).toMatchObject({ vpcEndpointId: ref, service: 's3' });
    expect(endpoint!.policy).toBeDefined();
    expect(network.endpoints('vpc-2')).toMatchObject([{ service: 'kms', policy: undefined }]);
  });

  it('has a way out through NAT where there is a NAT gateway', () => {
    const subnet = { VpcId: 'vpc-3', AvailabilityZone: 'us-east-1a', CidrBlock: '10.1.0.0/24' };
    const { ref: SubnetId } = declare('AWS::EC2::Subnet', subnet);
    const before = network.hasNat('vpc-3');

    declare('AWS::EC2::NatGateway', { SubnetId, AllocationId: 'eipalloc-1' });

    expect([before, network.hasNat('vpc-3'), network.hasNat(vpcId)]).toEqual([false, true, false]);
  });

  it.each([
    ['AWS::EC2::VPC', { CidrBlock: '10.0.0.0/16', Ipv4IpamPoolId: 'x' }, 'Ipv4IpamPoolId'],
    [
      'AWS::EC2::Subnet',
      { VpcId: 'v', AvailabilityZone: 'a', CidrBlock: '10.0.0.0/8', OutpostArn: 'x' },
      'OutpostArn',
    ],
    [
      'AWS::EC2::Route',
      { RouteTableId: 'r', DestinationCidrBlock: '0.0.0.0/0', VpcPeeringConnectionId: 'x' },
      'VpcPeeringConnectionId',
    ],
    [
      'AWS::EC2::SecurityGroup',
      {
        GroupDescription: 'g',
        VpcId: 'v',
        SecurityGroupIngress: [{ IpProtocol: 'tcp', CidrIpv6: '::/0' }],
      },
      'SecurityGroupIngress.0.CidrIpv6',
    ],
    [
      'AWS::EC2::FlowLog',
      {
        ResourceId: 'v',
        ResourceType: 'VPC',
        TrafficType: 'ALL',
        LogDestinationType: 's3',
        LogDestination: 'a',
        MaxAggregationInterval: 60,
      },
      'MaxAggregationInterval',
    ],
  ])('refuses %s by the name of a property that it does not support', (type, properties, named) => {
    expect(() => declare(type, properties)).toThrow(
      `Network/Part (${type}): ${named} is not supported by the embedded cloud`,
    );
  });
});

describe('the stacks', () => {
  let cloud: TestCloud;
  const studies = new Map<string, Awaited<ReturnType<typeof synthesize>>>();
  beforeAll(async () => {
    cloud = await startTestCloud();
    for (const egress of ['endpoints', 'nat']) studies.set(egress, await synthesize({ egress }));
  });
  afterAll(() => cloud.stop());

  it.each(['endpoints', 'nat'])(
    'are created with egress %s, each attribute they ask for answered',
    async (egress) => {
      const { templates } = studies.get(egress)!;
      const resources = resolveStudy(templates).filter(({ type }) =>
        /^AWS::(EC2|SSM)::/.test(type),
      );
      const asked = new Map<string, Set<string>>();
      for (const [stack, template] of Object.entries(templates)) {
        for (const [, id = '', attribute = ''] of JSON.stringify(template).matchAll(
          /"Fn::GetAtt":\["(\w+)","([\w.]+)"\]/g,
        )) {
          const key = `${stack}/${id}`;
          asked.set(key, (asked.get(key) ?? new Set()).add(attribute));
        }
      }

      for (const { stack, logicalId, type, properties } of resources) {
        const { ref, attributes = {} } = await cloud.declare(type, real(type, properties));

        expect(ref).toMatch(/\S/);
        const wanted = [...(asked.get(`${stack}/${logicalId}`) ?? [])];
        expect(Object.keys(attributes), logicalId).toEqual(expect.arrayContaining(wanted));
      }

      expect(new Set(resources.map(({ type }) => type)).size).toBeGreaterThan(10);
    },
  );
});

/** What test/support/resolve.ts leaves as a word and the real reader of assemblies makes a value. */
function real(type: string, properties: Readonly<Record<string, unknown>>) {
  if (type !== 'AWS::EC2::LaunchTemplate') return properties;
  const data = properties.LaunchTemplateData as Record<string, string>;
  return {
    ...properties,
    LaunchTemplateData: {
      ...data,
      IamInstanceProfile: { Arn: profileArn },
      UserData: Buffer.from(data.UserData!).toString('base64'),
    },
  };
}
