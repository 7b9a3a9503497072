import { beforeAll, describe, expect, it } from 'vitest';
import { resolveStudy } from '../support/resolve.ts';
import { type Study, synthesize } from '../support/synth.ts';
import { at, breakResource, ofType, type Json, type Templates } from '../support/template-edits.ts';

let study: Study;
/** With the sensor ingest. */
let ingest: Study;

beforeAll(async () => {
  study = await synthesize();
  ingest = await synthesize({ ingest: true });
});

describe('every policy', () => {
  /**
   * Resources `*` that are right, by the actions they are for: these services know no resource
   * for them.
   */
  const withoutResource = [
    /^ssmmessages:/,
    /^ec2messages:/,
    /^ec2:Describe/,
    /^cloudtrail:LookupEvents$/,
    /^states:ListStateMachines$/,
    /^sqs:ListQueues$/,
    // Step Functions delivers its log through these, which know no resource either.
    /^logs:(Create|Get|Update|Delete|List)LogDeliver/,
    /^logs:(PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)$/,
    /^ssm:(DescribeInstanceInformation|GetCommandInvocation|ListCommandInvocations)$/,
    /^xray:/,
    /^iot:(CreateCertificateFromCsr|DescribeEndpoint|AttachThingPrincipal|ListThingPrincipals)$/,
  ];

  /** Statements of roles that allow more than they name. */
  function wideStatements(templates: Templates): string[] {
    const resources = resolveStudy(templates);
    return ofType(
      resources,
      'AWS::IAM::Policy',
      'AWS::IAM::ManagedPolicy',
      'AWS::IAM::Role',
    ).flatMap(({ logicalId, properties }) => {
      const inline = ((properties.Policies ?? []) as Json[]).map((one) => one.PolicyDocument);
      return [properties.PolicyDocument, ...inline]
        .filter((document) => document !== undefined)
        .flatMap((document) => (document as { Statement: Json[] }).Statement)
        .filter(({ Effect }) => Effect === 'Allow')
        .flatMap(({ Action, Resource }) => {
          const actions = [Action].flat().map(String);
          const wide = actions.filter((action) => /^(\*|[^:]+:\*)$/.test(action));
          const anywhere = [Resource].flat().includes('*')
            ? actions.filter((action) => !withoutResource.some((form) => form.test(action)))
            : [];
          return [
            ...wide.map((action) => `${logicalId} may ${action}`),
            ...anywhere.map((action) => `${logicalId} may ${action} on *`),
          ];
        });
    });
  }

  it('names its actions, and its resources where the service knows any', () => {
    expect(wideStatements(study.templates)).toEqual([]);
    expect(wideStatements(ingest.templates)).toEqual([]);
  });

  it('would be found out with a `*`', () => {
    const templates = breakResource(study.templates, 'Data', 'WorkerRights', (it) => {
      (at(it, 'PolicyDocument').Statement as Json[]).push(
        { Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::x' },
        { Effect: 'Allow', Action: ['kms:Decrypt'], Resource: '*' },
      );
    });

    expect(wideStatements(templates)).toEqual([
      expect.stringMatching(/^WorkerRights\w+ may s3:\*$/),
      expect.stringMatching(/^WorkerRights\w+ may kms:Decrypt on \*$/),
    ]);
  });

  it('of an endpoint holds callers to this account', () => {
    const endpoints = ofType(resolveStudy(study.templates), 'AWS::EC2::VPCEndpoint');

    const held = endpoints.map(({ properties }) =>
      JSON.stringify(properties.PolicyDocument).includes('"aws:PrincipalAccount":"111122223333"'),
    );

    expect(held).toEqual(Array.from({ length: 11 }, () => true));
  });

  it('of people asks for MFA, and of machines for EC2', () => {
    const roles = ofType(resolveStudy(ingest.templates), 'AWS::IAM::Role');
    const trust = (idPrefix: string) =>
      JSON.stringify(
        roles.find(({ logicalId }) => logicalId.startsWith(idPrefix))!.properties
          .AssumeRolePolicyDocument,
      );

    for (const person of ['Uploader', 'Researcher', 'Operator', 'Auditor']) {
      expect(trust(`People${person}`)).toContain('"aws:MultiFactorAuthPresent":"true"');
    }
    expect(trust('Worker')).toContain('"Service":"ec2.amazonaws.com"');
    expect(trust('Poller')).toContain('"Service":"ec2.amazonaws.com"');
  });

  it('comes with no custom resource but the one that publishes artifacts', () => {
    const custom = ({ templates }: Study) =>
      resolveStudy(templates)
        .map(({ type }) => type)
        .filter((type) => /^(Custom::|AWS::CloudFormation::CustomResource)/.test(type));
    const published = (count: number) =>
      Array.from({ length: count }, () => 'Custom::PublishedArtifact');

    expect(custom(study)).toEqual(published(3));
    expect(custom(ingest)).toEqual(published(4));
  });
});

describe('every resource', () => {
  /** Types that CloudFormation gives no tags. */
  const untaggable = [
    'AWS::EC2::Route',
    'AWS::EC2::SecurityGroupEgress',
    'AWS::EC2::SubnetRouteTableAssociation',
    'AWS::EC2::VPCGatewayAttachment',
    'AWS::IAM::InstanceProfile',
    'AWS::IAM::Policy',
    'AWS::KMS::Alias',
    'AWS::Lambda::EventInvokeConfig',
    'AWS::Lambda::Permission',
    'AWS::Logs::MetricFilter',
    'AWS::S3::BucketPolicy',
    'AWS::SNS::Subscription',
    'AWS::SNS::TopicPolicy',
    'AWS::SQS::QueuePolicy',
    'Custom::PublishedArtifact',
  ];

  const untagged = (templates: Templates): string[] =>
    resolveStudy(templates)
      .filter(({ type }) => !untaggable.includes(type))
      .filter(({ properties }) => {
        const tags = JSON.stringify([
          properties.Tags,
          properties.TagSpecifications,
          properties.HostedZoneTags,
        ]);
        return !tags.includes('"czar:study"') || !tags.includes('"czarhipaa"');
      })
      .map(({ type, logicalId }) => `${type} ${logicalId}`);

  it('bears the study’s tag', () => {
    expect(untagged(study.templates)).toEqual([]);
    expect(untagged(ingest.templates)).toEqual([]);
  });

  it('would be found out without', () => {
    const templates = breakResource(study.templates, 'Data', 'Ledger', (it) => delete it.Tags);

    expect(untagged(templates)).toEqual([expect.stringMatching(/^AWS::DynamoDB::Table Ledger/)]);
  });
});
