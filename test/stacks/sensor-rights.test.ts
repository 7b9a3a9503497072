import { beforeAll, describe, expect, it } from 'vitest';
import { account, region, type ResolvedResource, resolveStudy } from '../support/resolve.ts';
import { sceneOf, type Scene } from '../support/study-scene.ts';
import { type Study, synthesize } from '../support/synth.ts';
import { ofType, type Json } from '../support/template-edits.ts';

let study: Study;
let scene: Scene;

beforeAll(async () => {
  study = await synthesize({ ingest: true });
  scene = sceneOf(study.templates);
});

const people = ['PeopleUploader', 'PeopleResearcher', 'PeopleOperator', 'PeopleAuditor'];
const regional = (service: string, resource: string) =>
  `arn:aws:${service}:${region}:${account}:${resource}`;

/** Which of some roles may do something. */
const who = (may: (role: ResolvedResource) => boolean, ids = [...people, 'Poller', 'Worker']) =>
  ids.filter((id) => {
    const role = scene.access.roles.find(({ logicalId }) => logicalId.startsWith(id));
    return role !== undefined && may(role);
  });

describe('the poller', () => {
  it('has exactly these rights', () => {
    const statements = ofType(resolveStudy(study.templates), 'AWS::IAM::Policy')
      .filter(({ properties }) =>
        (properties.Roles as string[]).some((role) => role.startsWith('Poller')),
      )
      .flatMap(({ properties }) => (properties.PolicyDocument as { Statement: Json[] }).Statement);

    const rights = statements.map(({ Action, Resource }) => [
      [Action].flat().join(' '),
      ...[Resource].flat().map((arn) => String(arn).replace(/[0-9a-f]{8}(?=\/|$)/i, '')),
    ]);

    const sqs = regional('sqs', 'czarhipaa-sensors');
    const table = regional('dynamodb', 'table/');
    expect(rights.slice(0, 8)).toEqual([
      [
        'sqs:ReceiveMessage sqs:DeleteMessage sqs:ChangeMessageVisibility sqs:GetQueueAttributes',
        sqs,
      ],
      ['sqs:GetQueueAttributes', `${sqs}-dead`],
      [
        's3:PutObject',
        'arn:aws:s3:::czarhipaa-data-input/in/v1/czarhipaa/*',
        'arn:aws:s3:::czarhipaa-data-ancillary/listings/v1/czarhipaa/*',
      ],
      ['s3:GetObject', 'arn:aws:s3:::czarhipaa-data-ancillary/artifacts/sha256/*'],
      ['dynamodb:GetItem dynamodb:Query dynamodb:UpdateItem', `${table}Sensors`, `${table}Ledger`],
      ['dynamodb:GetItem dynamodb:Query', `${table}Assignments`],
      ['kms:Decrypt kms:GenerateDataKey', regional('kms', 'key/StorageKey')],
      [
        'states:SendTaskSuccess states:SendTaskFailure states:SendTaskHeartbeat',
        regional('states', 'stateMachine:czarhipaa-ingest'),
      ],
    ]);
    expect(rights.slice(8).map(([actions]) => actions!.split(':')[0])).toEqual([
      'ssm',
      'ssmmessages',
    ]);
  });
});

describe('the assignments', () => {
  it('are read by the poller and the researcher, and written by the researcher', () => {
    const may = (action: string) =>
      who((role) => scene.access.mayUseTable(role, 'Assignments', `dynamodb:${action}`));

    expect(may('Query')).toEqual(['PeopleResearcher', 'Poller']);
    expect(may('GetItem')).toEqual(['PeopleResearcher', 'Poller']);
    expect(may('UpdateItem')).toEqual(['PeopleResearcher']);
    expect(may('DeleteItem')).toEqual([]);
    expect(may('Scan')).toEqual([]);
  });
});

describe('the sensor table', () => {
  it('is read by all who work with it, and by no uploader', () => {
    const readers = who((role) => scene.access.mayUseTable(role, 'Sensors', 'dynamodb:Query'));

    expect(readers).toEqual(['PeopleResearcher', 'PeopleOperator', 'PeopleAuditor', 'Poller']);
  });

  it('is written by the operator for devices, and for nothing that the poller found', () => {
    const write = (...scopes: string[]) =>
      who(
        (role) =>
          scene.access.mayUseTable(role, 'Sensors', 'dynamodb:UpdateItem', {
            'dynamodb:LeadingKeys': scopes,
          }),
        people,
      );

    expect(write('DEVICES')).toEqual(['PeopleOperator']);
    for (const scope of ['POLLER', 'BATCHES', 'RUNS']) expect(write(scope)).toEqual([]);
    expect(write('DEVICES', 'POLLER')).toEqual([]);
  });

  it('is told by the researcher since when a device is worn, and nothing else', () => {
    const write = (scope: string, ...attributes: string[]) =>
      who(
        (role) =>
          scene.access.mayUseTable(role, 'Sensors', 'dynamodb:UpdateItem', {
            'dynamodb:LeadingKeys': [scope],
            'dynamodb:Attributes': ['scope', 'item', ...attributes],
          }),
        people,
      );

    expect(write('DEVICES', 'inServiceSince')).toEqual(['PeopleResearcher', 'PeopleOperator']);
    expect(write('DEVICES', 'inServiceSince', 'revokedAt')).toEqual(['PeopleOperator']);
    expect(write('RUNS', 'inServiceSince')).toEqual([]);
  });

  it('would not be written without a key, which a condition for all values lets pass', () => {
    const written = who(
      (role) => scene.access.mayUseTable(role, 'Sensors', 'dynamodb:UpdateItem'),
      people,
    );

    expect(written).toEqual([]);
  });
});

describe('the ingest machine', () => {
  const machine = regional('states', 'stateMachine:czarhipaa-ingest');
  const execution = regional('states', 'execution:czarhipaa-ingest:x');

  it('is started and stopped by the operator, and followed by operator and auditor', () => {
    const may = (action: string, resource: string) =>
      who((role) => scene.access.may(role, `states:${action}`, resource));

    expect(may('StartExecution', machine)).toEqual(['PeopleOperator']);
    expect(may('StopExecution', execution)).toEqual(['PeopleOperator']);
    expect(may('ListExecutions', machine)).toEqual(['PeopleOperator', 'PeopleAuditor']);
    expect(may('DescribeExecution', execution)).toEqual(['PeopleOperator', 'PeopleAuditor']);
    expect(may('GetExecutionHistory', execution)).toEqual(['PeopleOperator', 'PeopleAuditor']);
  });
});

describe('things and certificates', () => {
  it.each([
    ['CreateThing', 'thing/BCDFGHJKL'],
    ['DescribeThing', 'thing/BCDFGHJKL'],
    ['ListThingPrincipals', 'thing/BCDFGHJKL'],
    ['DescribeCertificate', 'cert/0'],
    ['UpdateCertificate', 'cert/0'],
    ['AttachThingPrincipal', 'cert/0'],
    ['AttachPolicy', 'cert/0'],
  ])('are the operator’s to care for (%s)', (action, resource) => {
    const able = who((role) => scene.access.may(role, `iot:${action}`, regional('iot', resource)));

    expect(able).toEqual(['PeopleOperator']);
  });

  it('give nobody the policies themselves, rules, or the messages', () => {
    const policy = regional('iot', 'policy/czarhipaa-device');
    for (const [action, resource] of [
      ['iot:CreatePolicyVersion', policy],
      ['iot:AttachPolicy', regional('iot', 'policy/other')],
      ['iot:ReplaceTopicRule', regional('iot', 'rule/x')],
      ['iot:Publish', regional('iot', 'topic/czar/czarhipaa/v1/d/BCDFGHJKL/obs')],
      ['iot:Subscribe', regional('iot', 'topicfilter/czar/#')],
    ] as const) {
      expect([action, who((role) => scene.access.may(role, action, resource))]).toEqual([
        action,
        [],
      ]);
    }
  });
});

describe('the workbench', () => {
  const instance = regional('ec2', 'instance/i-1');
  const tagged = (study: string, system: string) => ({
    'aws:ResourceTag/czar:study': study,
    'aws:ResourceTag/czar:system': system,
  });

  it.each(['ec2:StartInstances', 'ec2:StopInstances'])('is the operator’s to %s', (action) => {
    const able = (study: string, system: string) =>
      who((role) => scene.access.may(role, action, instance, tagged(study, system)));

    expect(able('czarhipaa', 'workbench')).toEqual(['PeopleOperator']);
    expect(able('other', 'workbench')).toEqual([]);
    expect(able('czarhipaa', 'worker')).toEqual([]);
  });

  it('is nobody’s to terminate, that of the batches’ functions neither', () => {
    const able = scene.access.roles.filter((role) =>
      scene.access.may(role, 'ec2:TerminateInstances', instance, tagged('czarhipaa', 'workbench')),
    );

    expect(able).toEqual([]);
  });
});
