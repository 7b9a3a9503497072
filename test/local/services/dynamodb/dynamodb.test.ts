import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDynamodbService } from '../../../../local/services/dynamodb/dynamodb-service.ts';
import { expressionAttributes } from '../../../../local/services/dynamodb/expression-attributes.ts';
import { accountId, region, startToyCloud, type ToyCloud } from '../../gateway/toy-cloud.ts';

const TableName = 'Data-Ledger';
const tableArn = `arn:aws:dynamodb:${region}:${accountId}:table/${TableName}`;

const properties = {
  KeySchema: [
    { AttributeName: 'batchId', KeyType: 'HASH' },
    { AttributeName: 'item', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: ['batchId', 'item', 'kind', 'createdAt'].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S',
  })),
  GlobalSecondaryIndexes: [
    {
      IndexName: 'batches',
      KeySchema: [
        { AttributeName: 'kind', KeyType: 'HASH' },
        { AttributeName: 'createdAt', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: 'key' },
  Tags: [{ Key: 'study', Value: 'one' }],
};

let cloud: ToyCloud;
let service: ReturnType<typeof createDynamodbService>;
let db: DynamoDBClient;

async function createTable(changes: object = {}) {
  return service.resources[0]!.create({
    stack: 'Data',
    logicalId: 'Ledger',
    type: 'AWS::DynamoDB::Table',
    properties: { ...properties, ...changes },
    tags: {},
  });
}

beforeEach(async () => {
  cloud = await startToyCloud();
  service = createDynamodbService({ region, accountId });
  cloud.serve(service);
  await createTable();
  cloud.role('all', [{ Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' }]);
  db = new DynamoDBClient(cloud.as('all'));
});

afterEach(() => cloud.stop());

const key = (batchId: string, item: string) => ({ batchId: { S: batchId }, item: { S: item } });

describe('a table of a template', () => {
  it('has our account and region in its ARN', async () => {
    const { Table } = await db.send(new DescribeTableCommand({ TableName }));

    expect(Table?.TableArn).toBe(tableArn);
    expect(Table?.GlobalSecondaryIndexes?.[0]?.IndexArn).toBe(`${tableArn}/index/batches`);
  });

  it.each(['StreamSpecification', 'ResourcePolicy', 'ImportSourceSpecification'])(
    'with %s is refused by name',
    async (property) => {
      await expect(createTable({ TableName: 'another', [property]: {} })).rejects.toThrow(
        `Data/Ledger (AWS::DynamoDB::Table): ${property} is not supported by the embedded cloud`,
      );
    },
  );
});

describe('single items', () => {
  it('are locks: of two conditional writes at once, one wins', async () => {
    const claim = () =>
      db.send(
        new UpdateItemCommand({
          TableName,
          Key: key('b1', 'BATCH'),
          UpdateExpression: 'SET #state = :open',
          ConditionExpression: 'attribute_not_exists(batchId)',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: { ':open': { S: 'OPEN' } },
          ReturnValues: 'ALL_NEW',
        }),
      );

    const outcomes = await Promise.allSettled([claim(), claim(), claim()]);

    const refusals = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refusals).toHaveLength(2);
    expect(refusals[0]?.reason).toMatchObject({ name: 'ConditionalCheckFailedException' });
  });

  it('are written, read and deleted', async () => {
    await db.send(new PutItemCommand({ TableName, Item: { ...key('b1', 'x'), n: { N: '5' } } }));
    const read = await db.send(
      new GetItemCommand({ TableName, Key: key('b1', 'x'), ConsistentRead: true }),
    );
    await db.send(new DeleteItemCommand({ TableName: tableArn, Key: key('b1', 'x') }));
    const gone = await db.send(new GetItemCommand({ TableName, Key: key('b1', 'x') }));

    expect(read.Item?.n).toEqual({ N: '5' });
    expect(gone.Item).toBeUndefined();
  });
});

describe('queries', () => {
  it('read an index newest first, and a batch page by page', async () => {
    for (const number of [1, 2, 3]) {
      await db.send(
        new PutItemCommand({
          TableName,
          Item: {
            ...key(`b${number}`, 'BATCH'),
            kind: { S: 'BATCH' },
            createdAt: { S: `2026-01-0${number}` },
          },
        }),
      );
    }

    const { Items, LastEvaluatedKey } = await db.send(
      new QueryCommand({
        TableName,
        IndexName: 'batches',
        KeyConditionExpression: '#kind = :kind',
        ExpressionAttributeNames: { '#kind': 'kind' },
        ExpressionAttributeValues: { ':kind': { S: 'BATCH' } },
        ScanIndexForward: false,
        Limit: 2,
      }),
    );

    expect(Items?.map(({ batchId }) => batchId?.S)).toEqual(['b3', 'b2']);
    expect(LastEvaluatedKey).toBeDefined();
  });

  it('read batches of items over several tables and items at once', async () => {
    await db.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: [
            { PutRequest: { Item: key('b1', 'x') } },
            { PutRequest: { Item: key('b2', 'x') } },
          ],
        },
      }),
    );

    const { Responses } = await db.send(
      new BatchGetItemCommand({
        RequestItems: { [TableName]: { Keys: [key('b1', 'x'), key('b2', 'x')] } },
      }),
    );

    expect(Responses?.[TableName]).toHaveLength(2);
  });
});

describe('policies', () => {
  const leading = {
    Effect: 'Allow',
    Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:BatchGetItem'],
    Resource: [tableArn, `${tableArn}/index/*`],
    Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['mine'] } },
  };

  it('on leading keys hold for items, batches, queries and indexes', async () => {
    cloud.role('narrow', [leading]);
    const narrow = new DynamoDBClient(cloud.as('narrow'));
    const query = (batchId: string) =>
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'batchId = :b',
        ExpressionAttributeValues: { ':b': { S: batchId } },
      });

    const outcomes = await Promise.allSettled([
      narrow.send(new PutItemCommand({ TableName, Item: key('mine', 'x') })),
      narrow.send(new GetItemCommand({ TableName, Key: key('mine', 'x') })),
      narrow.send(query('mine')),
      narrow.send(new PutItemCommand({ TableName, Item: key('theirs', 'x') })),
      narrow.send(new GetItemCommand({ TableName, Key: key('theirs', 'x') })),
      narrow.send(query('theirs')),
      narrow.send(
        new BatchGetItemCommand({
          RequestItems: { [TableName]: { Keys: [key('mine', 'x'), key('theirs', 'x')] } },
        }),
      ),
      narrow.send(
        new QueryCommand({
          TableName,
          IndexName: 'batches',
          KeyConditionExpression: 'kind = :k',
          ExpressionAttributeValues: { ':k': { S: 'BATCH' } },
        }),
      ),
    ]);

    expect(
      outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? 'ok' : (outcome.reason as Error).name,
      ),
    ).toEqual(['ok', 'ok', 'ok', ...Array<string>(5).fill('AccessDeniedException')]);
  });

  it('on leading keys cannot be slipped past by a key condition in another form', async () => {
    cloud.role('narrow', [leading]);
    const narrow = new DynamoDBClient(cloud.as('narrow'));

    const call = narrow.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: '(batchId) = :b',
        ExpressionAttributeValues: { ':b': { S: 'theirs' } },
      }),
    );

    await expect(call).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('on attributes, return values and tags hold', async () => {
    cloud.role('narrow', [
      {
        Effect: 'Allow',
        Action: 'dynamodb:UpdateItem',
        Resource: tableArn,
        Condition: {
          'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['batchId', 'item', 'state'] },
          StringEquals: { 'dynamodb:ReturnValues': 'NONE', 'aws:ResourceTag/study': 'one' },
        },
      },
    ]);
    const narrow = new DynamoDBClient(cloud.as('narrow'));
    const update = (attribute: string, ReturnValues: 'NONE' | 'ALL_NEW' = 'NONE') =>
      narrow
        .send(
          new UpdateItemCommand({
            TableName,
            Key: key('b1', 'x'),
            UpdateExpression: 'SET #a = if_not_exists(#a, :v)',
            ExpressionAttributeNames: { '#a': attribute },
            ExpressionAttributeValues: { ':v': { S: 'v' } },
            ReturnValues,
          }),
        )
        .then(
          () => 'ok',
          (error: unknown) => (error as Error).name,
        );

    expect([
      await update('state'),
      await update('owner'),
      await update('state', 'ALL_NEW'),
    ]).toEqual(['ok', 'AccessDeniedException', 'AccessDeniedException']);
  });

  it('decide before anyone learns whether a table exists', async () => {
    cloud.role('nobody', []);
    const call = new DynamoDBClient(cloud.as('nobody')).send(
      new ScanCommand({ TableName: 'ghost' }),
    );

    await expect(call).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(db.send(new ScanCommand({ TableName: 'ghost' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});

describe('what is not supported', () => {
  it('is refused by name', async () => {
    const transaction = db.send(new TransactWriteItemsCommand({ TransactItems: [] }));
    const legacy = db.send(
      new GetItemCommand({ TableName, Key: key('b1', 'x'), AttributesToGet: ['n'] }),
    );
    const old = db.send(
      new PutItemCommand({
        TableName,
        Item: key('b1', 'x'),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );

    await expect(transaction).rejects.toThrow(
      'DynamoDB TransactWriteItems is not supported by the embedded cloud',
    );
    await expect(legacy).rejects.toThrow(
      'DynamoDB GetItem: parameter AttributesToGet is not supported',
    );
    await expect(old).rejects.toThrow(
      'parameter ReturnValuesOnConditionCheckFailure is not supported',
    );
  });
});

describe('the access log', () => {
  it('tells table and key of a call, and no other attribute', async () => {
    await db.send(
      new PutItemCommand({ TableName, Item: { ...key('b1', 'x'), note: { S: 'canary' } } }),
    );
    await db.send(new GetItemCommand({ TableName, Key: key('b1', 'x') }));

    const records = await cloud.log();
    expect(records).toMatchObject([
      {
        eventName: 'PutItem',
        readOnly: false,
        eventCategory: 'Data',
        requestParameters: { tableName: TableName },
      },
      {
        eventName: 'GetItem',
        readOnly: true,
        requestParameters: { key: key('b1', 'x') },
        resources: [{ ARN: tableArn }],
      },
    ]);
    expect(JSON.stringify(records)).not.toContain('canary');
  });
});

describe('attributes of an expression', () => {
  it.each<[string, string[]]>([
    ['SET #a = :v, b.c[0] = if_not_exists(b.c, :zero) + :one REMOVE d', ['real', 'b', 'b', 'd']],
    [
      'attribute_not_exists(batchId) AND size(e) BETWEEN :x AND :y OR NOT f IN (:a, :b)',
      ['batchId', 'e', 'f'],
    ],
    ['#a, g.h', ['real', 'g']],
    ['', []],
  ])('%j are found', (expression, expected) => {
    expect(expressionAttributes(expression, { '#a': 'real' })).toEqual(expected);
  });
});
