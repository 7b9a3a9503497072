import { beforeAll, describe, expect, it } from 'vitest';
import { parsePolicy } from '../../local/policy/document.ts';
import { decide } from '../../local/policy/evaluate.ts';
import { SweepOutput } from '../../tasks/sweep/sweep.ts';
import { account, findResource, region, resolveStudy } from '../support/resolve.ts';
import { type Study, synthesize } from '../support/synth.ts';
import { breakResource, ofType, type Templates } from '../support/template-edits.ts';

let study: Study;

beforeAll(async () => {
  study = await synthesize({ notifyEmail: 'alice@example.org', senderEmail: 'bob@example.org' });
});

const topicOf = (templates: Templates) =>
  findResource(resolveStudy(templates), 'AWS::SNS::Topic', 'Alarms');

/** Alarms that would wake nobody. */
function silent(templates: Templates): string[] {
  const { ref } = topicOf(templates);
  return ofType(resolveStudy(templates), 'AWS::CloudWatch::Alarm')
    .filter(({ properties }) => JSON.stringify(properties.AlarmActions) !== JSON.stringify([ref]))
    .map(({ logicalId }) => logicalId);
}

describe('every alarm', () => {
  it('goes to the topic of alarms, and tells where to read on', () => {
    const alarms = ofType(resolveStudy(study.templates), 'AWS::CloudWatch::Alarm');

    expect(silent(study.templates)).toEqual([]);
    expect(alarms.map(({ logicalId }) => logicalId.replace(/[0-9A-F]{8}$/, ''))).toEqual([
      'DeadLettersNotEmpty',
      'UndeliveredEventsNotEmpty',
      'EventsEvidenceFailed',
      'EventsSweepFailed',
      'EventsOutlived',
    ]);
    for (const { properties } of alarms) {
      expect(properties.AlarmDescription).toMatch(/^[^$]+\. See docs\/operate\.md\.$/);
    }
  });

  it('would be found out if it woke nobody', () => {
    const templates = breakResource(study.templates, 'Batch', 'EventsSweepFailed', (it) => {
      delete it.AlarmActions;
    });

    expect(silent(templates)).toEqual([expect.stringMatching(/^EventsSweepFailed/)]);
  });
});

describe('the alarm for what outlived its execution', () => {
  it('counts a field that the sweeper logs, by the name it has there', () => {
    const { properties } = findResource(
      resolveStudy(study.templates),
      'AWS::Logs::MetricFilter',
      'EventsOutlivedCount',
    );

    expect(properties.FilterPattern).toBe('{ $.outlived > 0 }');
    expect(properties.MetricTransformations).toMatchObject([{ MetricValue: '$.outlived' }]);
    expect(properties.LogGroupName).toMatch(/^EventsSweepLogs/);
    expect(Object.keys(SweepOutput.shape)).toContain('outlived');
  });
});

describe('the topic of alarms', () => {
  it('is encrypted with the storage key, and mails to notifyEmail alone', () => {
    const resources = resolveStudy(study.templates);
    const { ref, properties } = topicOf(study.templates);
    const subscriptions = ofType(resources, 'AWS::SNS::Subscription');

    expect(properties.KmsMasterKeyId).toBe(
      findResource(resources, 'AWS::KMS::Key', 'StorageKey').arn,
    );
    expect(subscriptions.map((subscription) => subscription.properties)).toEqual([
      { Protocol: 'email', Endpoint: 'alice@example.org', TopicArn: ref },
    ]);
  });

  /** Whether a service may publish, by the topic's policy and the key's, for an alarm by its ARN. */
  function mayRing(service: string, alarm: string, owner: string): [boolean, boolean] {
    const resources = resolveStudy(study.templates);
    const caller = {
      type: 'Service',
      accountId: account,
      principalArn: service,
      identityPolicies: [],
    } as const;
    const context = {
      'aws:SecureTransport': 'true',
      'aws:SourceAccount': owner,
      'aws:SourceArn': `arn:aws:cloudwatch:${region}:${owner}:alarm:${alarm}`,
    };
    const key = findResource(resources, 'AWS::KMS::Key', 'StorageKey');
    const { arn } = topicOf(study.templates);
    const policy = ofType(resources, 'AWS::SNS::TopicPolicy').find(({ properties }) =>
      (properties.Topics as string[]).includes(arn),
    )!;
    return [
      decide(caller, {
        action: 'sns:Publish',
        resource: arn,
        context,
        resourcePolicy: parsePolicy(policy.properties.PolicyDocument, 'topic'),
      }).allowed,
      ['kms:Decrypt', 'kms:GenerateDataKey'].every(
        (action) =>
          decide(caller, {
            action,
            resource: key.arn,
            context,
            keyPolicy: { document: parsePolicy(key.properties.KeyPolicy, 'key'), grants: [] },
          }).allowed,
      ),
    ];
  }

  it('takes what CloudWatch says of the stack’s own alarms', () => {
    expect(mayRing('cloudwatch.amazonaws.com', 'stack-EventsSweepFailed', account)).toEqual([
      true,
      true,
    ]);
  });

  it.each([
    ['another stack', 'cloudwatch.amazonaws.com', 'other-Alarm', account, [false, true]],
    [
      'another account',
      'cloudwatch.amazonaws.com',
      'stack-SweepFailed',
      '222233334444',
      [false, false],
    ],
    ['another service', 'iot.amazonaws.com', 'stack-SweepFailed', account, [false, false]],
  ])('takes nothing of %s', (_, service, alarm, owner, decisions) => {
    expect(mayRing(service, alarm, owner)).toEqual(decisions);
  });
});
