import { beforeAll, describe, expect, it } from 'vitest';
import { resolveStudy } from '../support/resolve.ts';
import { type Study, synthesize } from '../support/synth.ts';
import { at, breakResource, ofType, type Json, type Templates } from '../support/template-edits.ts';

let study: Study;

beforeAll(async () => {
  study = await synthesize();
});

describe('every machine', () => {
  /** What is unsafe about the launch template, instances and security groups. */
  function unsafeMachines(templates: Templates): string[] {
    const resources = resolveStudy(templates);
    const found: string[] = [];
    for (const { properties } of ofType(resources, 'AWS::EC2::LaunchTemplate')) {
      const data = at(properties, 'LaunchTemplateData');
      for (const { DeviceName, Ebs } of data.BlockDeviceMappings as Json[]) {
        const { Encrypted, DeleteOnTermination, KmsKeyId } = Ebs as Json;
        if (Encrypted !== true || !String(KmsKeyId).includes('StorageKey')) {
          found.push(`${String(DeviceName)} is not encrypted with the storage key`);
        }
        if (DeleteOnTermination !== true) found.push(`${String(DeviceName)} outlives its machine`);
      }
      const { HttpTokens, HttpPutResponseHopLimit } = at(data, 'MetadataOptions');
      if (HttpTokens !== 'required') found.push('metadata without a token');
      if (HttpPutResponseHopLimit !== 1) found.push('metadata for those behind the machine');
      if (data.InstanceInitiatedShutdownBehavior !== 'terminate') found.push('stops, not ends');
      if (at(data, 'Placement').Tenancy !== 'dedicated') found.push('shares its host');
      if ('NetworkInterfaces' in data) found.push('could ask for a public address');
    }
    for (const { logicalId, properties } of ofType(resources, 'AWS::EC2::SecurityGroup')) {
      const rules = (properties.SecurityGroupIngress ?? []) as Json[];
      // The endpoints listen to the VPC; nothing else listens at all.
      const foreign = rules.filter(
        ({ CidrIp, FromPort }) => !/^Vpc\w+\.CidrBlock$/.test(String(CidrIp)) || FromPort !== 443,
      );
      if (foreign.length > 0) found.push(`${logicalId} lets in from outside`);
    }
    for (const { logicalId } of ofType(
      resources,
      'AWS::EC2::Instance',
      'AWS::EC2::SecurityGroupIngress',
    )) {
      found.push(`${logicalId} is there without having been asked for`);
    }
    for (const { logicalId, properties } of ofType(resources, 'AWS::EC2::Subnet')) {
      if (properties.MapPublicIpOnLaunch !== false) found.push(`${logicalId} gives addresses`);
    }
    return found;
  }

  it('keeps its data on encrypted volumes that end with it, and nobody can call it', () => {
    expect(unsafeMachines(study.templates)).toEqual([]);
  });

  it.each<[string, string, (data: Json) => void]>([
    [
      '/dev/sdf is not encrypted with the storage key',
      'Template5',
      (it) => (at(it, 'BlockDeviceMappings', 1, 'Ebs').Encrypted = false),
    ],
    [
      '/dev/xvda outlives its machine',
      'Template5',
      (it) => (at(it, 'BlockDeviceMappings', 0, 'Ebs').DeleteOnTermination = false),
    ],
    [
      'metadata without a token',
      'Template5',
      (it) => (at(it, 'MetadataOptions').HttpTokens = 'optional'),
    ],
    [
      'metadata for those behind the machine',
      'Template5',
      (it) => (at(it, 'MetadataOptions').HttpPutResponseHopLimit = 2),
    ],
    ['stops, not ends', 'Template5', (it) => (it.InstanceInitiatedShutdownBehavior = 'stop')],
    ['could ask for a public address', 'Template5', (it) => (it.NetworkInterfaces = [])],
  ])('would be found out otherwise (%s)', (finding, idPrefix, change) => {
    const templates = breakResource(study.templates, 'Workers', idPrefix, (it) =>
      change(at(it, 'LaunchTemplateData')),
    );

    expect(unsafeMachines(templates)).toEqual([finding]);
  });

  it('would be found out if its security group let somebody in', () => {
    const templates = breakResource(study.templates, 'Workers', 'SecurityGroup', (it) => {
      it.SecurityGroupIngress = [{ CidrIp: '10.0.0.0/16', FromPort: 22, ToPort: 22 }];
    });

    expect(unsafeMachines(templates)).toEqual([
      expect.stringMatching(/^SecurityGroup\w+ lets in from outside$/),
    ]);
  });

  it('is launched on subnets whose routes lead nowhere', () => {
    const resources = resolveStudy(study.templates);

    const routed = ofType(resources, 'AWS::EC2::Route').map(({ logicalId }) => logicalId);

    expect(routed).toEqual([
      expect.stringMatching(/^VpcPublicSubnet1/),
      expect.stringMatching(/^VpcPublicSubnet2/),
    ]);
  });
});
