import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signedPost } from './signed-post.ts';
import { startSmallCloud, type SmallCloud } from './small-cloud.ts';
import { partly } from './matchers.ts';

let cloud: SmallCloud;
let arn: string;

beforeAll(async () => {
  cloud = await startSmallCloud();
  arn = await cloud.fn('echo', `export const handler = async (event) => event;`);
});

afterAll(() => cloud.stop());

const path = (name: string): string => `/2015-03-31/functions/${name}/invocations`;

describe('invoking over HTTP', () => {
  it('answers the payload to a role that may', async () => {
    const role = await cloud.role('may', { Action: 'lambda:InvokeFunction', Resource: arn });

    const response = await signedPost(
      cloud.surroundings.endpoint(),
      'lambda',
      cloud.credentials(role),
      { path: path('echo'), body: '{"a":1}' },
    );

    expect(response.status).toBe(200);
    expect(response.headers.get('x-amz-executed-version')).toBe('$LATEST');
    expect(await response.json()).toEqual({ a: 1 });
  });

  it('tells that the function failed', async () => {
    await cloud.fn('fails', `export const handler = async () => { throw new Error('no'); };`);
    const role = await cloud.role('may-all', { Action: 'lambda:*', Resource: '*' });

    const response = await signedPost(
      cloud.surroundings.endpoint(),
      'lambda',
      cloud.credentials(role),
      { path: path('fails'), body: '{}' },
    );

    expect(response.status).toBe(200);
    expect(response.headers.get('x-amz-function-error')).toBe('Unhandled');
  });

  it('is denied to a role that may not, and logged as denied', async () => {
    const role = await cloud.role('may-not', {
      Action: 'lambda:InvokeFunction',
      Resource: `${arn}-other`,
    });

    const response = await signedPost(
      cloud.surroundings.endpoint(),
      'lambda',
      cloud.credentials(role),
      { path: path('echo'), body: '{}' },
    );

    expect(response.status).toBe(403);
    expect(response.headers.get('x-amzn-errortype')).toBe('AccessDeniedException');
    expect(await cloud.accessLog()).toContainEqual(
      partly({
        eventName: 'Invoke',
        eventSource: 'lambda.amazonaws.com',
        errorCode: 'AccessDenied',
        eventCategory: 'Data',
        resources: [{ ARN: arn, type: 'AWS::Lambda::Function' }],
      }),
    );
  });

  it.each([
    ['a function that is not there', path('nobody'), {}, 404, 'ResourceNotFoundException'],
    ['a version', `${path('echo')}?Qualifier=3`, {}, 501, 'UnsupportedOperation'],
    ['a dry run', path('echo'), { 'x-amz-invocation-type': 'DryRun' }, 501, 'UnsupportedOperation'],
    [
      'the tail of the log',
      path('echo'),
      { 'x-amz-log-type': 'Tail' },
      501,
      'UnsupportedOperation',
    ],
    ['another operation', '/2015-03-31/functions/', {}, 501, 'UnsupportedOperation'],
  ])('refuses %s', async (what, target, headers, status, code) => {
    const role = await cloud.role(`all-${what}`.replaceAll(' ', '-'), {
      Action: 'lambda:*',
      Resource: '*',
    });

    const response = await signedPost(
      cloud.surroundings.endpoint(),
      'lambda',
      cloud.credentials(role),
      { path: target, headers, body: '{}' },
    );

    expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([status, code]);
  });

  it.each([
    ['a synchronous payload over 6 MB', 'RequestResponse', 6 * 1024 * 1024 + 1, 413],
    ['an asynchronous payload over 256 KB', 'Event', 256 * 1024 + 1, 413],
    ['a synchronous payload of exactly 6 MB', 'RequestResponse', 6 * 1024 * 1024, 200],
  ])('answers %s as AWS does', async (_what, type, size, status) => {
    const role = await cloud.role('sizes', { Action: 'lambda:*', Resource: '*' });

    const response = await signedPost(
      cloud.surroundings.endpoint(),
      'lambda',
      cloud.credentials(role),
      {
        path: path('echo'),
        headers: { 'x-amz-invocation-type': type },
        body: JSON.stringify('x'.repeat(size - 2)),
      },
    );

    expect(response.status).toBe(status);
  });
});

describe('a permission', () => {
  it('lets a service invoke for the resource it names, and for no other', async () => {
    const { surroundings, lambda } = cloud;
    await cloud.fn('permitted', `export const handler = async () => 'ran';`);
    const ruleArn = 'arn:aws:events:us-east-1:111122223333:rule/mine';
    await cloud.declare('AWS::Lambda::Permission', 'Allow', {
      Action: 'lambda:InvokeFunction',
      FunctionName: 'permitted',
      Principal: 'events.amazonaws.com',
      SourceArn: ruleArn,
    });
    const events = surroundings.principals.serviceCaller('events.amazonaws.com');
    const sns = surroundings.principals.serviceCaller('sns.amazonaws.com');
    const invoke = (caller: typeof events, sourceArn: string) =>
      lambda.invoke(caller, 'permitted', '{}', { sourceArn });

    expect(await invoke(events, ruleArn)).toEqual({ payload: '"ran"' });
    await expect(invoke(events, `${ruleArn}-other`)).rejects.toMatchObject({ status: 403 });
    await expect(invoke(sns, ruleArn)).rejects.toMatchObject({ status: 403 });
  });

  it('is refused where it says what the embedded cloud does not check', async () => {
    const creation = cloud.declare('AWS::Lambda::Permission', 'Url', {
      Action: 'lambda:InvokeFunction',
      FunctionName: 'echo',
      Principal: '*',
      FunctionUrlAuthType: 'NONE',
    });

    await expect(creation).rejects.toThrow(
      'Test/Url (AWS::Lambda::Permission): FunctionUrlAuthType is not supported',
    );
  });
});

describe('a function of a template', () => {
  it.each([
    ['Runtime', { Runtime: 'python3.13' }],
    ['VpcConfig', { VpcConfig: { SubnetIds: ['subnet-1'] } }],
    ['Layers', { Layers: ['arn:aws:lambda:us-east-1:111122223333:layer:x:1'] }],
    ['SnapStart', { SnapStart: { ApplyOn: 'None' } }],
    ['Code', { Code: { S3Bucket: 'elsewhere', S3Key: 'x' } }],
  ])('is refused by the name of a property that is not supported: %s', async (name, properties) => {
    const creation = cloud.fn('refused', '', properties);

    await expect(creation).rejects.toThrow(
      new RegExp(`^Test/refusedFunction \\(AWS::Lambda::Function\\): ${name}`),
    );
  });
});
