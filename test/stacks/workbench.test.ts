import { beforeAll, describe, expect, it } from 'vitest';
import { findResource, resolveStudy } from '../support/resolve.ts';
import { type Study, synthesize } from '../support/synth.ts';
import { at, breakResource, ofType, type Json, type Templates } from '../support/template-edits.ts';

let study: Study;

beforeAll(async () => {
  study = await synthesize({ ingest: true });
});

/** What is unsafe about E, its security group and its place. */
function faultsOf(templates: Templates): string[] {
  const resources = resolveStudy(templates);
  const [machine, ...others] = ofType(resources, 'AWS::EC2::Instance');
  if (machine === undefined || others.length > 0) return ['there must be one machine'];
  const { properties } = machine;
  const found: string[] = [];
  for (const { DeviceName, Ebs } of properties.BlockDeviceMappings as Json[]) {
    const { Encrypted, KmsKeyId } = Ebs as Json;
    if (Encrypted !== true || !String(KmsKeyId).includes('StorageKey')) {
      found.push(`${String(DeviceName)} is not encrypted with the storage key`);
    }
  }
  const { HttpTokens, HttpPutResponseHopLimit } = at(properties, 'MetadataOptions');
  if (HttpTokens !== 'required') found.push('metadata without a token');
  if (HttpPutResponseHopLimit !== 1) found.push('metadata for those behind the machine');
  if (properties.InstanceInitiatedShutdownBehavior !== 'stop') found.push('loses its spool');
  if (properties.Tenancy !== 'dedicated') found.push('shares its host');
  if ('NetworkInterfaces' in properties) found.push('could ask for a public address');
  if ('KeyName' in properties) found.push('has a key for SSH');
  if (!String(properties.SubnetId).startsWith('VpcPrivateSubnet')) found.push('elsewhere');
  const profile = findResource(resources, 'AWS::IAM::InstanceProfile', 'Workbench');
  const role = findResource(resources, 'AWS::IAM::Role', 'Poller');
  if (JSON.stringify(profile.properties.Roles) !== JSON.stringify([role.ref])) {
    found.push('has another role');
  }
  const group = findResource(resources, 'AWS::EC2::SecurityGroup', 'Workbench');
  if ('SecurityGroupIngress' in group.properties) found.push('lets somebody in');
  for (const rule of group.properties.SecurityGroupEgress as Json[]) {
    if (rule.FromPort !== 443 || rule.ToPort !== 443) found.push('goes out by another port');
  }
  for (const { logicalId } of ofType(resources, 'AWS::EC2::SecurityGroupIngress')) {
    found.push(`${logicalId} lets somebody in`);
  }
  return found;
}

describe('the workbench', () => {
  it('is one encrypted machine of its own on the private subnet, which nobody can call', () => {
    expect(faultsOf(study.templates)).toEqual([]);
  });

  it.each<[string, (machine: Json) => void]>([
    [
      '/dev/xvda is not encrypted with the storage key',
      (it) => (at(it, 'BlockDeviceMappings', 0, 'Ebs').Encrypted = false),
    ],
    ['metadata without a token', (it) => (at(it, 'MetadataOptions').HttpTokens = 'optional')],
    [
      'metadata for those behind the machine',
      (it) => (at(it, 'MetadataOptions').HttpPutResponseHopLimit = 2),
    ],
    ['loses its spool', (it) => (it.InstanceInitiatedShutdownBehavior = 'terminate')],
    ['shares its host', (it) => (it.Tenancy = 'default')],
    ['could ask for a public address', (it) => (it.NetworkInterfaces = [])],
    ['has a key for SSH', (it) => (it.KeyName = 'k')],
    ['elsewhere', (it) => (it.SubnetId = 'subnet-0')],
  ])('would be found out otherwise (%s)', (finding, change) => {
    expect(faultsOf(breakResource(study.templates, 'Ingest', 'Workbench8', change))).toEqual([
      finding,
    ]);
  });

  it('would be found out with an open port', () => {
    const templates = breakResource(study.templates, 'Ingest', 'WorkbenchSecurityGroup', (it) => {
      it.SecurityGroupIngress = [{ CidrIp: '10.0.0.0/16', FromPort: 8888, ToPort: 8888 }];
    });

    expect(faultsOf(templates)).toEqual(['lets somebody in']);
  });

  it('is known by its tags, and its volumes with it', () => {
    const { properties } = findResource(
      resolveStudy(study.templates),
      'AWS::EC2::Instance',
      'Workbench',
    );

    expect(properties.Tags).toEqual(
      expect.arrayContaining([
        { Key: 'czar:study', Value: 'czarhipaa' },
        { Key: 'czar:system', Value: 'workbench' },
      ]),
    );
    expect(JSON.stringify(properties.Tags)).not.toContain('czar:batch');
    expect(properties.PropagateTagsToVolumeOnCreation).toBe(true);
  });

  it('is not launched before its poller lies in S3A', () => {
    const machine = Object.values(study.templates.Ingest!.Resources).find(
      ({ Type }) => Type === 'AWS::EC2::Instance',
    );

    expect(machine?.DependsOn).toContainEqual(expect.stringMatching(/^ArtifactsPoller/));
  });

  it('finds an endpoint of the VPC for every service that the poller calls', () => {
    const resources = resolveStudy(study.templates);
    const services = ofType(resources, 'AWS::EC2::VPCEndpoint').map(({ properties }) =>
      String(properties.ServiceName).split('.').at(-1),
    );
    const routes = ofType(resources, 'AWS::EC2::VPCEndpoint')
      .filter(({ properties }) => properties.VpcEndpointType !== 'Interface')
      .map(({ properties }) => JSON.stringify(properties.RouteTableIds));

    for (const service of ['sqs', 'kms', 'states', 'ssm', 'ssmmessages', 'ec2messages']) {
      expect(services).toContain(service);
    }
    expect(routes).toHaveLength(2);
    for (const tables of routes) {
      expect(tables).toContain('VpcPrivateSubnet1RouteTable');
      expect(tables).toContain('VpcPrivateSubnet2RouteTable');
    }
  });

  it('goes out to the endpoints’ prefix lists only, where it knows them', async () => {
    const { templates } = await synthesize({
      ingest: true,
      egress: 'nat',
      gatewayPrefixLists: 'pl-63a5400a,pl-02cd2c6b',
    });
    const group = findResource(resolveStudy(templates), 'AWS::EC2::SecurityGroup', 'Workbench');

    expect(JSON.stringify(group.properties.SecurityGroupEgress)).not.toContain('0.0.0.0/0');
  });
});
