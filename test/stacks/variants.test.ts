import { HIPAASecurityChecks } from 'cdk-nag';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Stack } from 'aws-cdk-lib';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveStudy } from '../support/resolve.ts';
import { type Study, synthesize } from '../support/synth.ts';

const bastion = {
  bastion: true,
  bastionCidrs: '192.0.2.0/24',
  bastionKeys: `ssh-ed25519 ${'A'.repeat(68)} k@laptop`,
};

// The first synthesis also bundles the functions, and loads CDK: longer than a test may take.
beforeAll(() => synthesize());

function types({ templates }: Study): string[] {
  return resolveStudy(templates).map(({ type }) => type);
}

describe('the HIPAA checks of cdk-nag', () => {
  /** Findings that no waiver gives a reason for. */
  const findings = ({ app }: Study): string[] =>
    new HIPAASecurityChecks(app)
      .validateScope(app)
      .violations.map(({ ruleName, violatingResources }) => {
        const paths = violatingResources.map(
          (resource) => (resource as unknown as { constructPath?: string }).constructPath,
        );
        return `${ruleName}: ${paths.join(', ')}`;
      });

  it('find nothing that is not waived with a reason', async () => {
    expect(findings(await synthesize())).toEqual([]);
  });

  it('find nothing with every option on', async () => {
    const ingest = { ingest: true, gatewayPrefixLists: 'pl-63a5400a,pl-02cd2c6b' };

    expect(findings(await synthesize({ ...bastion, ...ingest, egress: 'nat' }))).toEqual([]);
  });

  it('would find an ordinary bucket', async () => {
    const study = await synthesize({ pit: 'broken' });
    new Bucket(new Stack(study.app, 'Careless'), 'Bucket');

    expect(findings(study)).toContainEqual(
      expect.stringMatching(/^HIPAA\.Security-S3BucketVersioningEnabled: Careless/),
    );
  });
});

describe('a deployment', () => {
  it('names its stacks after the study', async () => {
    const { app } = await synthesize({ pit: 'asthma2' });

    const names = app.synth().stacks.map(({ stackName }) => stackName);

    expect(names).toEqual(
      expect.arrayContaining(['asthma2-Network', 'asthma2-Data', 'asthma2-Workers']),
    );
    expect(names.every((name) => name.startsWith('asthma2-'))).toBe(true);
  });

  it('knows no account and no region', async () => {
    const { app } = await synthesize();

    const places = app.synth().stacks.map(({ environment }) => environment.name);

    expect(new Set(places)).toEqual(new Set(['aws://unknown-account/unknown-region']));
  });

  it('has a NAT gateway only where it is asked for', async () => {
    const closed = await synthesize();
    const open = await synthesize({ egress: 'nat' });

    expect(types(closed)).not.toContain('AWS::EC2::NatGateway');
    expect(types(open).filter((type) => type === 'AWS::EC2::NatGateway')).toHaveLength(1);
  });

  it('leaves the isolated subnets without a route even then', async () => {
    const { templates } = await synthesize({ egress: 'nat' });

    const routes = resolveStudy(templates).filter(({ type }) => type === 'AWS::EC2::Route');

    expect(routes.map(({ logicalId }) => logicalId.slice(0, 12))).toEqual([
      'VpcPublicSub',
      'VpcPublicSub',
      'VpcPrivateSu',
      'VpcPrivateSu',
    ]);
  });

  it('launches on shared hosts only where it is asked to', async () => {
    const { templates } = await synthesize({ tenancy: 'default', instanceType: 'c7i.xlarge' });

    const template = resolveStudy(templates).find(
      ({ type }) => type === 'AWS::EC2::LaunchTemplate',
    );

    expect(template?.properties.LaunchTemplateData).toMatchObject({
      Placement: { Tenancy: 'default' },
      InstanceType: 'c7i.xlarge',
    });
  });

  it('lets workers out to prefix lists only, where it knows them', async () => {
    const { templates } = await synthesize({ gatewayPrefixLists: 'pl-63a5400a,pl-02cd2c6b' });

    const rules = JSON.stringify(
      resolveStudy(templates).filter(
        ({ stack, type }) => stack === 'Workers' && type.startsWith('AWS::EC2::SecurityGroup'),
      ),
    );

    expect(rules).not.toContain('0.0.0.0/0');
    expect(rules).toContain('"DestinationPrefixListId":"pl-63a5400a"');
  });

  it('locks logs for as long, and as hard, as it is told', async () => {
    const { templates } = await synthesize({ logLockDays: 2555, logLockMode: 'compliance' });

    const log = resolveStudy(templates).find(
      ({ type, logicalId }) => type === 'AWS::S3::Bucket' && logicalId.startsWith('Log'),
    );

    expect(log?.properties.ObjectLockConfiguration).toMatchObject({
      Rule: { DefaultRetention: { Days: 2555, Mode: 'COMPLIANCE' } },
    });
  });
});

describe('the bastion', () => {
  it('is not there unless it is asked for', async () => {
    const { templates } = await synthesize();

    expect(Object.keys(templates)).not.toContain('Bastion');
  });

  it('lets in SSH from its addresses and out SSH into the VPC, and nothing else', async () => {
    const { templates } = await synthesize({ ...bastion, egress: 'nat' });

    const group = resolveStudy(templates).find(
      ({ stack, type }) => stack === 'Bastion' && type === 'AWS::EC2::SecurityGroup',
    )!;

    const ports = (direction: string) =>
      (group.properties[direction] as Record<string, unknown>[]).map(
        ({ CidrIp, FromPort, ToPort }) => [
          String(CidrIp).replace(/^Vpc\w+/, 'Vpc'),
          FromPort,
          ToPort,
        ],
      );
    expect(ports('SecurityGroupIngress')).toEqual([['192.0.2.0/24', 22, 22]]);
    expect(ports('SecurityGroupEgress')).toEqual([['Vpc.CidrBlock', 22, 22]]);
  });

  it('only forwards, stops and never stays behind, and has no rights in AWS', async () => {
    const { templates } = await synthesize({ ...bastion, egress: 'nat' });
    const resources = resolveStudy(templates).filter(({ stack }) => stack === 'Bastion');

    const { properties } = resources.find(({ type }) => type === 'AWS::EC2::Instance')!;

    const userData = String(properties.UserData);
    expect(userData).toContain("CZAR_KEYS='restrict,port-forwarding ssh-ed25519 ");
    for (const line of ['PermitTTY no', 'ForceCommand /sbin/nologin', 'AllowTcpForwarding local']) {
      expect(userData).toContain(`\n${line}\n`);
    }
    expect(properties.InstanceInitiatedShutdownBehavior).toBe('stop');
    expect(resources.map(({ type }) => type)).not.toContain('AWS::IAM::Policy');
  });
});
