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
      if (access.mayUseKey(role, 'DataKey', 'kms:GenerateDataKey', { context })) {
        found.push(`${role.logicalId} makes data keys for ${context.kind}s`);
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

/**
 * The same of sensors: who takes a message, and who learns which device is whose. People who
 * orchestrate are held to it as well.
 */
function sensorReads({ access, role }: Scene): string[] {
  const found: string[] = [];
  for (const one of [...access.orchestration, role('PeopleOperator'), role('PeopleAuditor')]) {
    for (const queue of ['SensorsC', 'SensorsDeadLetters', 'SensorsUndelivered']) {
      for (const action of ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:PurgeQueue']) {
        if (access.mayUseQueue(one, queue, action)) {
          found.push(`${one.logicalId}: ${action} of ${queue}`);
        }
      }
    }
    for (const action of ['GetItem', 'Query', 'Scan', 'BatchGetItem', 'UpdateItem', 'PutItem']) {
      if (access.mayUseTable(one, 'Assignments', `dynamodb:${action}`)) {
        found.push(`${one.logicalId}: ${action} of assignments`);
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

describe('the plane of orchestration of a sensor ingest', () => {
  let ingest: Study;

  beforeAll(async () => {
    ingest = await synthesize({ ingest: true });
  });

  it('has principals of its own that these tests speak of', () => {
    const ids = sceneOf(ingest.templates).access.orchestration.map(({ logicalId }) => logicalId);

    for (const id of ['TasksCheckWorkbench', 'TasksReportGaps', 'PollsEvents', 'GateRole']) {
      expect(ids).toContainEqual(expect.stringMatching(new RegExp(`^${id}`)));
    }
  });

  it('can neither use the data key nor read an object', () => {
    const { access, endpoint } = sceneOf(ingest.templates);

    expect(readsOfOrchestration(access, endpoint)).toEqual([]);
  });

  it('takes no message from a queue, and does not learn which device is whose', () => {
    expect(sensorReads(sceneOf(ingest.templates))).toEqual([]);
  });

  it.each<[string, object]>([
    [
      'GetItem of assignments',
      { Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: 'arn:aws:dynamodb:*:*:table/A*' },
    ],
    [
      'sqs:ReceiveMessage of SensorsDeadLetters',
      { Effect: 'Allow', Action: 'sqs:ReceiveMessage', Resource: '*' },
    ],
  ])('would be found out if a function were let do %s', (finding, statement) => {
    const templates = structuredClone(ingest.templates);
    statementsOf(templates.Ingest!, 'TasksReportGapsRoleDefaultPolicy', 'PolicyDocument').push(
      statement,
    );

    // The sensor queue itself is not among them: its own policy denies it to all but the poller.
    expect(sensorReads(sceneOf(templates))).toContainEqual(
      expect.stringMatching(new RegExp(`^TasksReportGapsRole\\w+: ${finding}$`)),
    );
    expect(sensorReads(sceneOf(templates)).join()).not.toContain('ReceiveMessage of SensorsC');
  });

  it('would be found out if a function were let make data keys by the key’s policy', () => {
    const templates = structuredClone(ingest.templates);
    statementsOf(templates.Data!, 'DataKey', 'KeyPolicy').push({
      Effect: 'Allow',
      Principal: { AWS: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root' } },
      Action: 'kms:GenerateDataKey',
      Resource: '*',
    });
    statementsOf(templates.Ingest!, 'TasksPollSensorsRoleDefaultPolicy', 'PolicyDocument').push({
      Effect: 'Allow',
      Action: 'kms:GenerateDataKey',
      Resource: '*',
    });

    const { access, endpoint } = sceneOf(templates);

    expect(readsOfOrchestration(access, endpoint)).toEqual([
      expect.stringMatching(/^TasksPollSensorsRole\w+ makes data keys for inputs$/),
      expect.stringMatching(/^TasksPollSensorsRole\w+ makes data keys for results$/),
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
