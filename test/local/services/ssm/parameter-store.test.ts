import { DeleteParameterCommand, GetParameterCommand } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestCloud, type TestCloud } from '../ec2/test-cloud.ts';

let cloud: TestCloud;
beforeEach(async () => {
  cloud = await startTestCloud();
});
afterEach(() => cloud.stop());

const get = (Name: string) => cloud.ssm.send(new GetParameterCommand({ Name }));

it('answers a declared parameter, by its name and its ARN', async () => {
  const { ref, attributes } = await cloud.declare('AWS::SSM::Parameter', {
    Name: '/czarhipaa/client',
    Type: 'String',
    Value: '{"study":"czarhipaa"}',
    Tags: { 'czar:study': 'czarhipaa' },
  });

  const { Parameter } = await get('/czarhipaa/client');

  const arn = 'arn:aws:ssm:us-east-1:111122223333:parameter/czarhipaa/client';
  expect(ref).toBe('/czarhipaa/client');
  expect(attributes).toEqual({ Type: 'String', Value: '{"study":"czarhipaa"}' });
  expect(Parameter).toMatchObject({
    ARN: arn,
    DataType: 'text',
    Name: '/czarhipaa/client',
    Type: 'String',
    Value: '{"study":"czarhipaa"}',
    Version: 1,
  });
  expect(Parameter!.LastModifiedDate).toBeInstanceOf(Date);
  expect(cloud.accesses.at(-1)).toEqual({ action: 'ssm:GetParameter', resource: arn });
  expect(cloud.records.at(-1)?.requestParameters).toEqual({ name: '/czarhipaa/client' });
});

it('has no parameter that was not declared', async () => {
  await expect(get('/czarhipaa/other')).rejects.toMatchObject({ name: 'ParameterNotFound' });
});

it('takes plain names only', async () => {
  await expect(get('/czarhipaa/client:1')).rejects.toThrow(
    "Value at 'Name' failed to satisfy constraint: must be a plain name",
  );
});

it('names an operation that it does not support', async () => {
  await expect(cloud.ssm.send(new DeleteParameterCommand({ Name: '/a' }))).rejects.toThrow(
    'SSM DeleteParameter is not supported by the embedded cloud',
  );
});

it.each([
  ['Type', { Name: '/a', Type: 'StringList', Value: 'a,b' }],
  ['AllowedPattern', { Name: '/a', Type: 'String', Value: 'a', AllowedPattern: 'a' }],
])('refuses a declaration by the property %s', async (property, properties) => {
  await expect(cloud.declare('AWS::SSM::Parameter', properties)).rejects.toThrow(
    `Test/Resource (AWS::SSM::Parameter): ${property}`,
  );
});
