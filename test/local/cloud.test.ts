import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmbeddedCloud, type EmbeddedCloud } from '../../local/cloud.ts';
import { writeAssembly } from './assembly/written-assembly.ts';

const trust = (principal: object) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' }],
});

const table = {
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  },
};

const writer = {
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: 'study-writer',
    AssumeRolePolicyDocument: trust({ AWS: { 'Fn::Sub': 'arn:aws:iam::${AWS::AccountId}:root' } }),
    Policies: [
      {
        PolicyName: 'Write',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: 'dynamodb:PutItem',
              Resource: { 'Fn::GetAtt': ['Table', 'Arn'] },
              Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
            },
          ],
        },
      },
    ],
  },
};

const data = {
  template: {
    Resources: { Table: table, WriterF00DCAFE: writer },
    Outputs: { TableName: { Value: { Ref: 'Table' }, Export: { Name: 'Data:Table' } } },
  },
};

async function start(
  assemblyDirectory: string,
): Promise<EmbeddedCloud & { readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'cloud-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const cloud = await startEmbeddedCloud({
    assemblyDirectory,
    directory: join(directory, 'state'),
    region: 'us-east-1',
  });
  onTestFinished(() => cloud.stop().catch(() => undefined));
  return { ...cloud, directory: join(directory, 'state') };
}

function settings(cloud: EmbeddedCloud, role = 'Writer') {
  const { endpoint, region } = cloud;
  return { endpoint, region, credentials: cloud.credentials(role, 'k-person'), maxAttempts: 1 };
}

describe('an embedded cloud', () => {
  it('serves what an assembly declares, to whom its policies let in', async () => {
    const cloud = await start(await writeAssembly({ Data: data }));
    const db = new DynamoDBClient(settings(cloud));
    const TableName = cloud.outputs.Data!.TableName!;

    await db.send(new PutItemCommand({ TableName, Item: { id: { S: '1' } } }));
    const scan = db.send(new ScanCommand({ TableName }));

    await expect(scan).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await cloud.flush();
    const log = (await readFile(cloud.accessLogPath, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { eventName: string; errorCode?: string });
    expect(log.map(({ eventName, errorCode }) => [eventName, errorCode])).toEqual([
      ['PutItem', undefined],
      ['Scan', 'AccessDenied'],
    ]);
    expect((await stat(cloud.directory)).mode & 0o777).toBe(0o700);
  });

  it('gives people credentials that environment variables can carry', async () => {
    const cloud = await start(await writeAssembly({ Data: data }));
    const credentials = cloud.personCredentials('writer');
    const variables = Object.keys(credentials).sort();

    const { Arn } = await new STSClient({ ...settings(cloud), credentials }).send(
      new GetCallerIdentityCommand({}),
    );

    expect(variables).toEqual(['accessKeyId', 'secretAccessKey', 'sessionToken']);
    expect(Arn).toBe('arn:aws:sts::111122223333:assumed-role/study-writer/writer');
  });

  it('knows nothing of another one in the same process', async () => {
    const assembly = await writeAssembly({ Data: data });
    const [one, other] = await Promise.all([start(assembly), start(assembly)]);

    const call = new STSClient({ ...settings(one), endpoint: other.endpoint }).send(
      new GetCallerIdentityCommand({}),
    );

    await expect(call).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  });

  it('lets custom resources be made by their functions', async () => {
    const code = `export const handler = async (event) => {
      const body = JSON.stringify({ Status: 'SUCCESS', PhysicalResourceId: 'made', Data: { Size: event.ResourceProperties.Size } });
      await fetch(event.ResponseURL, { method: 'PUT', body });
    };`;
    const Resources = {
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: { AssumeRolePolicyDocument: trust({ Service: 'lambda.amazonaws.com' }) },
      },
      Maker: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Code: { S3Bucket: { 'Fn::Sub': 'assets-${AWS::AccountId}' }, S3Key: 'maker.zip' },
          Handler: 'index.handler',
          Runtime: 'nodejs24.x',
          Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        },
      },
      Made: {
        Type: 'Custom::Made',
        Properties: { ServiceToken: { 'Fn::GetAtt': ['Maker', 'Arn'] }, Size: 7 },
      },
    };
    const assembly = await writeAssembly(
      {
        App: {
          template: { Resources, Outputs: { Size: { Value: { 'Fn::GetAtt': ['Made', 'Size'] } } } },
        },
      },
      {
        files: {
          maker: {
            source: { path: 'asset.one', packaging: 'zip' },
            destinations: {
              here: { bucketName: 'assets-${AWS::AccountId}', objectKey: 'maker.zip' },
            },
          },
        },
      },
    );
    await writeFile(join(assembly, 'asset.one', 'index.mjs'), code);

    const cloud = await start(assembly);

    expect(cloud.outputs.App).toEqual({ Size: '7' });
  });

  it('that cannot deploy leaves nothing running', async () => {
    const broken = {
      template: {
        Resources: {
          Table: { ...table, Properties: { ...table.Properties, StreamSpecification: {} } },
        },
      },
    };
    const directory = await mkdtemp(join(tmpdir(), 'cloud-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));

    const attempt = startEmbeddedCloud({
      assemblyDirectory: await writeAssembly({ Data: broken }),
      directory,
      port: 0,
    });

    await expect(attempt).rejects.toThrow(
      /Data\/Table \(AWS::DynamoDB::Table\): StreamSpecification is not supported/,
    );
    expect(process.getActiveResourcesInfo()).not.toContain('TCPServerWrap');
  });

  it('that is stopped answers nobody and keeps only what tells of it', async () => {
    const cloud = await start(await writeAssembly({ Data: data }));
    const call = () => new STSClient(settings(cloud)).send(new GetCallerIdentityCommand({}));
    await call();

    await cloud.stop();

    await expect(call()).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    expect(await readdir(cloud.directory)).toContain('access-log.jsonl');
    expect(await readFile(cloud.accessLogPath, 'utf8')).toContain('GetCallerIdentity');
  });
});
