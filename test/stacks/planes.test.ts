import { beforeAll, describe, expect, it } from 'vitest';
import { type StudyAccess } from '../support/study-access.ts';
import {
  input,
  objectKey,
  result,
  resultKey,
  sceneOf,
  statementsOf,
  type Scene,
} from '../support/study-scene.ts';
import { type Study, synthesize } from '../support/synth.ts';

/** Reads that no orchestration principal may make, as sentences; empty where the planes are apart. */
function readsOfOrchestration(access: StudyAccess, endpoint: string): string[] {
  const found: string[] = [];
  for (const role of access.orchestration) {
    for (const context of [input, result]) {
      if (access.mayUseKey(role, 'DataKey', 'kms:Decrypt', { context })) {
        found.push(`${role.logicalId} decrypts ${context.kind}s`);
      }
    }
    for (const [bucket, key] of [
      ['Input', objectKey],
      ['Result', resultKey],
    ] as const) {
      const inside = { 'aws:SourceVpce': endpoint };
      if (access.mayUseBucket(role, bucket, 's3:GetObject', key, inside)) {
        found.push(`${role.logicalId} reads ${bucket}`);
      }
    }
  }
  return found;
}

let study: Study;
let scene: Scene;

beforeAll(async () => {
  study = await synthesize();
  scene = sceneOf(study.templates);
});

/** A copy of the templates that a test may break. */
const brokenTemplates = () => structuredClone(study.templates);

describe('the plane of orchestration', () => {
  it('has principals that these tests speak of', () => {
    expect(scene.access.orchestration.length).toBeGreaterThan(0);
  });

  it('can neither decrypt with the data key nor read an object of S3D or S3O', () => {
    expect(readsOfOrchestration(scene.access, scene.endpoint)).toEqual([]);
  });

  it('could, if the key policy gave its use to IAM and a function took it', () => {
    const templates = brokenTemplates();
    statementsOf(templates.Data!, 'DataKey', 'KeyPolicy').push({
      Effect: 'Allow',
      Principal: { AWS: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root' } },
      Action: 'kms:*',
      Resource: '*',
    });
    statementsOf(templates.Workers!, 'ArtifactsRoleDefaultPolicy', 'PolicyDocument').push({
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: '*',
    });

    const { access, endpoint } = sceneOf(templates);

    // Inputs stay closed even then: the policy denies them to all but workers.
    expect(readsOfOrchestration(access, endpoint)).toEqual([
      expect.stringMatching(/^ArtifactsRole\w+ decrypts results$/),
    ]);
  });

  it('could, if a function were let read everything and the bucket did not deny it', () => {
    const templates = brokenTemplates();
    statementsOf(templates.Workers!, 'ArtifactsRoleDefaultPolicy', 'PolicyDocument').push({
      Effect: 'Allow',
      Action: 's3:Get*',
      Resource: '*',
    });
    const guarded = sceneOf(templates);
    const statements = statementsOf(templates.Data!, 'ResultPolicy', 'PolicyDocument');
    const kept = statements.filter((one) => (one as { Sid?: string }).Sid !== 'ReadByRole');
    statements.splice(0, statements.length, ...kept);
    const open = sceneOf(templates);

    expect(readsOfOrchestration(guarded.access, guarded.endpoint)).toEqual([]);
    expect(readsOfOrchestration(open.access, open.endpoint)).toEqual([
      expect.stringMatching(/^ArtifactsRole\w+ reads Result$/),
    ]);
  });
});

describe('a statement for anyone', () => {
  it('is always a denial, except at an endpoint, whose policy grants nothing', () => {
    const allowing = Object.values(study.templates)
      .flatMap(({ Resources }) => Object.entries(Resources))
      .filter(([, { Type }]) => Type !== 'AWS::EC2::VPCEndpoint')
      .flatMap(([id, { Properties = {} }]) =>
        ['PolicyDocument', 'KeyPolicy', 'AssumeRolePolicyDocument'].flatMap((property) => {
          const document = Properties[property] as { Statement?: object[] } | undefined;
          return (document?.Statement ?? []).map((statement) => ({ id, statement }));
        }),
      )
      .filter(({ statement }) => 'Principal' in statement && 'Effect' in statement)
      .filter(
        ({ statement }) =>
          (statement as { Effect: string }).Effect === 'Allow' &&
          JSON.stringify((statement as { Principal: unknown }).Principal) ===
            JSON.stringify({ AWS: '*' }),
      );

    expect(allowing).toEqual([]);
  });
});
