import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { createStsService } from '../../../../local/services/sts/sts-service.ts';
import { createIamService } from '../../../../local/services/iam/iam-service.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSmallCloud, type SmallCloud } from './small-cloud.ts';
import { VirtualClock } from '../../../../local/clock.ts';
import { anyText, containing, matching } from './matchers.ts';

let cloud: SmallCloud;

beforeAll(async () => {
  process.env.CZAR_TEST_LEAK = 'of the host';
  cloud = await startSmallCloud();
});

afterAll(async () => {
  delete process.env.CZAR_TEST_LEAK;
  await cloud.stop();
});

async function run(own: SmallCloud, name: string): Promise<unknown> {
  const caller = own.surroundings.principals.roleCaller(
    await own.role(`${name}-caller`, { Action: 'lambda:InvokeFunction', Resource: '*' }),
    'test',
  );
  return JSON.parse((await own.lambda.invoke(caller, name, '{}')).payload);
}

describe('the environment of a function', () => {
  it('is exactly what the template declares and what Lambda sets', async () => {
    await cloud.fn('env', `export const handler = async () => process.env;`, {
      Environment: { Variables: { TABLE: 'ledger', TZ: 'Europe/Zurich' } },
      MemorySize: 256,
    });

    const env = (await run(cloud, 'env')) as Record<string, string>;

    expect(env).toEqual({
      TABLE: 'ledger',
      TZ: 'Europe/Zurich',
      AWS_ACCESS_KEY_ID: matching(/^ASIA/),
      AWS_SECRET_ACCESS_KEY: anyText,
      AWS_SESSION_TOKEN: anyText,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: cloud.surroundings.endpoint(),
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_FUNCTION_NAME: 'env',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_FORMAT: 'Text',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/env',
      AWS_LAMBDA_LOG_STREAM_NAME: matching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
      HOME: containing(cloud.directory),
      TMPDIR: containing(cloud.directory),
      LAMBDA_TASK_ROOT: containing('assets/env'),
      LANG: 'en_US.UTF-8',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      _HANDLER: 'index.handler',
    });
  });

  it.each(['AWS_REGION', 'AWS_SECRET_ACCESS_KEY', 'AWS_LAMBDA_FUNCTION_NAME', '_HANDLER'])(
    'cannot be given %s by a template, which Lambda refuses as well',
    async (name) => {
      const creation = cloud.fn('reserved', '', { Environment: { Variables: { [name]: 'x' } } });

      await expect(creation).rejects.toThrow(
        `Test/reservedFunction (AWS::Lambda::Function): Environment.Variables.${name}: is reserved`,
      );
    },
  );

  it('holds credentials of the role of the function, in a session named after it', async () => {
    const own = await startSmallCloud();
    own.serve(createStsService(createIamService(own.surroundings.clock, '111122223333')));
    await own.fn('who', `export const handler = async () => process.env;`);
    const env = (await run(own, 'who')) as Record<string, string>;
    const sts = new STSClient({
      region: 'us-east-1',
      endpoint: own.surroundings.endpoint(),
      credentials: {
        accessKeyId: env.AWS_ACCESS_KEY_ID!,
        secretAccessKey: env.AWS_SECRET_ACCESS_KEY!,
        sessionToken: env.AWS_SESSION_TOKEN!,
      },
    });

    const { Arn } = await sts.send(new GetCallerIdentityCommand({}));

    expect(Arn).toBe('arn:aws:sts::111122223333:assumed-role/who-role/who');
    await own.stop();
  });

  it('is renewed, with the process, before its credentials end', async () => {
    const clock = new VirtualClock(new Date());
    const own = await startSmallCloud({ clock });
    await own.fn('renew', `export const handler = async () => process.env.AWS_ACCESS_KEY_ID;`);
    const first = await run(own, 'renew');

    await clock.advance((11 * 60 + 40) * 60 * 1000);
    const soon = await run(own, 'renew');
    await clock.advance(10 * 60 * 1000);
    const later = await run(own, 'renew');

    expect(soon).toBe(first);
    expect(later).not.toBe(first);
    await own.stop();
  });
});
