import { beforeAll, describe, expect, it } from 'vitest';
import { queuedMessageSql } from '../../ingest/model/queued-message.ts';
import { IngestSettings } from '../../workflow/model/client-settings.ts';
import { account, findResource, region, resolveStudy } from '../support/resolve.ts';
import { sceneOf, statementsOf } from '../support/study-scene.ts';
import { type Study, synthesize } from '../support/synth.ts';
import { at, breakResource, ofType, type Json, type Templates } from '../support/template-edits.ts';

let study: Study;

beforeAll(async () => {
  study = await synthesize({ ingest: true });
});

const find = (type: string, idPrefix: string) =>
  findResource(resolveStudy(study.templates), type, idPrefix);

describe('the queues of sensor messages', () => {
  const days = 24 * 3600;

  /** What could lose or show a message. */
  function faultsOfQueues(templates: Templates): string[] {
    const resources = resolveStudy(templates);
    return ['SensorsC', 'SensorsDeadLetters', 'SensorsUndelivered'].flatMap((id) => {
      const queue = findResource(resources, 'AWS::SQS::Queue', id);
      const { KmsMasterKeyId, MessageRetentionPeriod } = queue.properties;
      const policy = resources.find(
        ({ type, properties }) =>
          type === 'AWS::SQS::QueuePolicy' && (properties.Queues as unknown[]).includes(queue.ref),
      );
      const kept = templates.Ingest!.Resources[queue.logicalId]!.DeletionPolicy;
      return [
        String(KmsMasterKeyId).includes('StorageKey') ? [] : [`${id} is not encrypted`],
        MessageRetentionPeriod === 14 * days ? [] : [`${id} forgets early`],
        JSON.stringify(policy).includes('"aws:SecureTransport":"false"') ? [] : [`${id}: HTTP`],
        kept === 'RetainExceptOnCreate' ? [] : [`${id} ends with its stack`],
      ].flat();
    });
  }

  it('are encrypted, take TLS only, keep messages for two weeks, and outlive their stack', () => {
    expect(faultsOfQueues(study.templates)).toEqual([]);
  });

  it.each<[string, (queue: Json) => void]>([
    ['SensorsC is not encrypted', (it) => (it.KmsMasterKeyId = 'alias/aws/sqs')],
    ['SensorsC forgets early', (it) => (it.MessageRetentionPeriod = 4 * days)],
  ])('would be found out otherwise (%s)', (finding, change) => {
    const templates = breakResource(study.templates, 'Ingest', 'SensorsC', change);

    expect(faultsOfQueues(templates)).toEqual([finding]);
  });

  it('set a message apart after five receipts, each five minutes', () => {
    const { properties } = find('AWS::SQS::Queue', 'SensorsC');

    expect(properties.VisibilityTimeout).toBe(60);
    expect(properties.RedrivePolicy).toEqual({
      deadLetterTargetArn: `arn:aws:sqs:${region}:${account}:czarhipaa-sensors-dead`,
      maxReceiveCount: 5,
    });
  });

  /** Roles that take messages. */
  function receivers(templates: Templates): string[] {
    const { access } = sceneOf(templates);
    return ['SensorsC', 'SensorsDeadLetters', 'SensorsUndelivered'].flatMap((queue) =>
      access.roles
        .filter((role) => access.mayUseQueue(role, queue, 'sqs:ReceiveMessage'))
        .map(({ logicalId }) => `${queue}: ${logicalId.slice(0, 6)}`),
    );
  }

  it('are read by the poller alone, and it reads the one queue only', () => {
    expect(receivers(study.templates)).toEqual(['SensorsC: Poller']);
  });

  it('would be found out with another reader, whom the sensor queue denies even then', () => {
    const templates = structuredClone(study.templates);
    statementsOf(templates.Data!, 'PeopleOperatorRights', 'PolicyDocument').push({
      Effect: 'Allow',
      Action: 'sqs:*',
      Resource: '*',
    });
    const guarded = receivers(templates);
    const statements = statementsOf(templates.Ingest!, 'SensorsPolicy', 'PolicyDocument');
    const kept = statements.filter((one) => (one as { Sid?: string }).Sid !== 'ReceiveByRole');
    statements.splice(0, statements.length, ...kept);

    expect(guarded).toEqual([
      'SensorsC: Poller',
      'SensorsDeadLetters: People',
      'SensorsUndelivered: People',
    ]);
    expect(receivers(templates)).toContain('SensorsC: People');
  });

  it('are written by the rule alone', () => {
    const { access, role } = sceneOf(study.templates);

    const senders = access.roles.filter((one) =>
      access.mayUseQueue(one, 'SensorsC', 'sqs:SendMessage'),
    );

    expect(senders).toEqual([role('GateRole')]);
  });
});

describe('the policy of devices', () => {
  it('lets a device connect as the thing it is, publish to its own topic, and nothing else', () => {
    const { properties } = find('AWS::IoT::Policy', 'GateDevicePolicy');
    const iot = `arn:aws:iot:${region}:${account}`;

    expect(properties.PolicyName).toBe('czarhipaa-device');
    expect((properties.PolicyDocument as { Statement: unknown }).Statement).toEqual([
      {
        Sid: 'Connect',
        Effect: 'Allow',
        Action: 'iot:Connect',
        Resource: `${iot}:client/\${iot:Connection.Thing.ThingName}`,
        Condition: { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } },
      },
      {
        Sid: 'PublishOwn',
        Effect: 'Allow',
        Action: 'iot:Publish',
        Resource: `${iot}:topic/czar/czarhipaa/v1/d/\${iot:Connection.Thing.ThingName}/obs`,
      },
    ]);
  });
});

describe('the topic rule', () => {
  it('puts each message into the sensor queue as it came, and what fails into another', () => {
    const { properties } = find('AWS::IoT::TopicRule', 'GateRule');
    const payload = properties.TopicRulePayload as Json;
    const role = find('AWS::IAM::Role', 'GateRole');

    expect(payload).toMatchObject({
      AwsIotSqlVersion: '2016-03-23',
      Sql: queuedMessageSql('czar/czarhipaa/v1/d/+/obs'),
      RuleDisabled: false,
      Actions: [{ Sqs: { QueueUrl: 'czarhipaa-sensors', RoleArn: role.arn, UseBase64: false } }],
      ErrorAction: { Sqs: { RoleArn: role.arn, UseBase64: false } },
    });
    expect(String((at(payload, 'ErrorAction', 'Sqs') as { QueueUrl: unknown }).QueueUrl)).toMatch(
      /^SensorsUndelivered/,
    );
  });

  it('has a role of AWS IoT’s that sends, under the storage key, and does no more', () => {
    const { access, role } = sceneOf(study.templates);
    const gate = role('GateRole');

    expect(JSON.stringify(gate.properties.AssumeRolePolicyDocument)).toContain(
      '"aws:SourceAccount":"111122223333"',
    );
    const viaSqs = { keys: { 'kms:ViaService': `sqs.${region}.amazonaws.com` } };
    expect(access.mayUseKey(gate, 'StorageKey', 'kms:GenerateDataKey', viaSqs)).toBe(true);
    expect(access.mayUseQueue(gate, 'SensorsC', 'sqs:DeleteMessage')).toBe(false);
    expect(access.mayUseTable(gate, 'Sensors', 'dynamodb:GetItem')).toBe(false);
  });
});

describe('the ingest machine', () => {
  it('is started by a rule of EventBridge, every pollMinutes, with an empty input', async () => {
    const { templates } = await synthesize({ ingest: true, pollMinutes: 30 });
    const rule = findResource(resolveStudy(templates), 'AWS::Events::Rule', 'Schedule');

    expect(rule.properties).toMatchObject({
      ScheduleExpression: 'rate(30 minutes)',
      State: 'ENABLED',
      Targets: [{ Arn: expect.stringMatching(/stateMachine:Polls/) as string, Input: '{}' }],
    });
  });

  it('logs no data, and is named after the study', () => {
    const { properties } = find('AWS::StepFunctions::StateMachine', 'Polls');

    expect(properties.StateMachineName).toBe('czarhipaa-ingest');
    expect(properties.LoggingConfiguration).toMatchObject({ IncludeExecutionData: false });
  });

  it('commands the workbench and no worker, by one document', () => {
    const { access, role } = sceneOf(study.templates);
    const instance = `arn:aws:ec2:${region}:${account}:instance/i-1`;
    const tagged = (tags: Record<string, string>) =>
      access.may(
        role('TasksPollSensorsRole'),
        'ssm:SendCommand',
        instance,
        Object.fromEntries(
          Object.entries(tags).map(([key, value]) => [`ssm:resourceTag/${key}`, value]),
        ),
      );

    expect(tagged({ 'czar:study': 'czarhipaa', 'czar:system': 'workbench' })).toBe(true);
    expect(tagged({ 'czar:study': 'czarhipaa', 'czar:system': 'bastion' })).toBe(false);
    expect(tagged({ 'czar:study': 'czarhipaa', 'czar:batch': 'x' })).toBe(false);
    expect(tagged({ 'czar:study': 'other', 'czar:system': 'workbench' })).toBe(false);
    const document = `arn:aws:ssm:${region}:${account}:document/`;
    const send = (name: string) =>
      access.may(role('TasksPollSensorsRole'), 'ssm:SendCommand', `${document}${name}`);
    expect([send('Document'), send('AWS-RunShellScript')]).toEqual([true, false]);
  });
});

describe('the alarms of the ingest', () => {
  it('ring in time, each on the topic of alarms', () => {
    const resources = resolveStudy(study.templates);
    const topic = findResource(resources, 'AWS::SNS::Topic', 'Alarms');
    const alarms = ofType(resources, 'AWS::CloudWatch::Alarm').filter(
      ({ stack }) => stack === 'Ingest',
    );

    const told = alarms.map(({ properties }) => {
      expect(properties.AlarmActions).toEqual([topic.ref]);
      expect(properties.AlarmDescription).toMatch(/ See docs\/operate\.md\.$/);
      const { MetricName, ComparisonOperator, Threshold, Period, TreatMissingData } = properties;
      return [MetricName, ComparisonOperator, Threshold, Period, TreatMissingData].join(' ');
    });

    const least = 'GreaterThanOrEqualToThreshold';
    expect(told).toEqual([
      `ApproximateAgeOfOldestMessage ${least} 864000 300 notBreaching`,
      `ApproximateNumberOfMessagesVisible ${least} 1 300 notBreaching`,
      `ApproximateNumberOfMessagesVisible ${least} 1 300 notBreaching`,
      `ExecutionsFailed ${least} 1 300 notBreaching`,
      `ExecutionsTimedOut ${least} 1 300 notBreaching`,
      'ExecutionsStarted LessThanThreshold 1 10800 breaching',
    ]);
  });

  it('are let onto the topic, and those of other stacks are not', () => {
    const policy = JSON.stringify(find('AWS::SNS::TopicPolicy', 'Alarms').properties);

    expect(policy).toContain(`arn:aws:cloudwatch:${region}:${account}:alarm:czarhipaa-Ingest-*`);
    expect(policy).toContain(`arn:aws:cloudwatch:${region}:${account}:alarm:stack-*`);
  });
});

describe('the settings of clients', () => {
  it('name what IngestStack makes', () => {
    const { properties } = find('AWS::SSM::Parameter', 'ClientSettings');
    const { ingest } = JSON.parse(String(properties.Value)) as { ingest: unknown };

    expect(IngestSettings.parse(ingest)).toEqual({
      sensorTable: expect.stringMatching(/^Sensors/) as string,
      assignmentTable: expect.stringMatching(/^Assignments/) as string,
      stateMachineArn: `arn:aws:states:${region}:${account}:stateMachine:${String(
        find('AWS::StepFunctions::StateMachine', 'Polls').properties.StateMachineName,
      )}`,
      queueUrl: `https://sqs.${region}.amazonaws.com/${account}/${find('AWS::SQS::Queue', 'SensorsC').ref}`,
      thingPolicy: find('AWS::IoT::Policy', 'GateDevicePolicy').properties.PolicyName,
    });
  });
});
