import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CreatedResource } from '../../../../local/api.ts';
import { createIotService, type IotService } from '../../../../local/services/iot/iot-service.ts';
import { startSmallCloud, type SmallCloud } from '../lambda/small-cloud.ts';
import { accountId, arn, devicePolicy } from './iot-cloud.ts';

let cloud: SmallCloud;
let service: IotService;
let RoleArn: string;

beforeEach(async () => {
  cloud = await startSmallCloud();
  service = cloud.serve(
    createIotService(
      cloud.surroundings,
      () => {
        throw new Error('nothing is sent');
      },
      { append: () => undefined },
    ),
  );
  RoleArn = await cloud.role('RuleRole');
});

afterEach(() => cloud.stop());

const sql = "SELECT timestamp() AS t FROM 'a/+'";
const queueUrl = () => `${cloud.surroundings.endpoint()}/${accountId}/sensors`;

function declareRule(payload: object = {}, more: object = {}): Promise<CreatedResource> {
  return cloud.declare('AWS::IoT::TopicRule', 'Rule', {
    TopicRulePayload: {
      Sql: sql,
      AwsIotSqlVersion: '2016-03-23',
      Actions: [{ Sqs: { QueueUrl: queueUrl(), RoleArn, UseBase64: false } }],
      ...payload,
    },
    ...more,
  });
}

const declarePolicy = (statement: object): Promise<CreatedResource> =>
  cloud.declare('AWS::IoT::Policy', 'Devices', {
    PolicyDocument: { Version: '2012-10-17', Statement: [statement] },
  });

describe('a template', () => {
  it('without devices starts no broker', () => {
    expect(service.endpointAddress).toBeUndefined();
    expect(existsSync(join(cloud.directory, 'iot'))).toBe(false);
  });

  it('with a policy or a rule starts one, and they have the names and ARNs of AWS', async () => {
    const policy = await cloud.declare('AWS::IoT::Policy', 'Devices', {
      PolicyName: 'devices',
      PolicyDocument: devicePolicy,
    });
    const rule = await declareRule({}, { RuleName: 'observations' });
    const unnamed = await declareRule();

    expect(policy).toEqual({
      ref: 'devices',
      attributes: { Arn: arn('policy/devices'), Id: 'devices' },
    });
    expect(rule).toEqual({ ref: 'observations', attributes: { Arn: arn('rule/observations') } });
    expect(unnamed.ref).toMatch(/^Test_Rule_[0-9a-f]{12}$/);
    expect(service.endpointAddress).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(service.authorityPath).toBe(join(cloud.directory, 'iot', 'ca.pem'));
  });
});

describe('a rule', () => {
  it.each([
    [{ Sql: "SELECT * FROM 'a'" }, 'TopicRulePayload.Sql: * is not supported'],
    [{ Sql: `${sql} WHERE t > 1` }, 'TopicRulePayload.Sql: WHERE is not supported'],
    [{ AwsIotSqlVersion: '2015-10-08' }, 'AwsIotSqlVersion: must be 2016-03-23'],
    [{ Actions: [{ Lambda: { FunctionArn: 'f' } }] }, 'Actions.0.Lambda is not supported'],
    [{ ErrorAction: { S3: {} } }, 'ErrorAction.S3 is not supported'],
  ])('with %j is refused at deploy, by name', async (payload, reason) => {
    await expect(declareRule(payload)).rejects.toThrow(reason);
  });

  it('whose role or queue is not of this cloud is refused at deploy', async () => {
    const action = (QueueUrl: string, role: string) => ({
      Actions: [{ Sqs: { QueueUrl, RoleArn: role } }],
    });

    await expect(declareRule(action(queueUrl(), `${RoleArn}X`))).rejects.toThrow(
      'TopicRulePayload.Actions.0.Sqs.RoleArn: must be a role',
    );
    await expect(
      declareRule(action('https://sqs.us-east-1.amazonaws.com/999999999999/q', RoleArn)),
    ).rejects.toThrow('TopicRulePayload.Actions.0.Sqs.QueueUrl: must be the URL of a queue');
  });
});

describe('a policy of devices', () => {
  it.each([
    [
      { Effect: 'Allow', Action: 'iot:Connect', Resource: arn('client/${iot:Unheard}') },
      '${iot:Unheard} is not supported',
    ],
    [
      { Effect: 'Allow', Action: 'iot:Connect', Resource: '*', Principal: '*' },
      'names no principal',
    ],
  ])('%j is refused at deploy', async (statement, reason) => {
    await expect(declarePolicy(statement)).rejects.toThrow(reason);
  });
});
