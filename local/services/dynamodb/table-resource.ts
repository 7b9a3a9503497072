import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { CreatedResource, DeclaredResource, ResourceHandler } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';
import type { ItemStore } from './item-store.ts';
import type { Tables } from './tables.ts';

const KeySchema = z
  .array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }))
  .min(1);

const Throughput = z.strictObject({
  ReadCapacityUnits: z.coerce.number(),
  WriteCapacityUnits: z.coerce.number(),
});

const Index = z.strictObject({
  IndexName: z.string(),
  KeySchema,
  Projection: z.strictObject({
    ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
    NonKeyAttributes: z.array(z.string()).optional(),
  }),
  ProvisionedThroughput: Throughput.optional(),
});

/**
 * What a table may declare.
 *
 * Noted and without effect, because a table lives in the memory of one process for as long as the cloud does:
 * `PointInTimeRecoverySpecification`, `SSESpecification`, `DeletionProtectionEnabled`,
 * `ContributorInsightsSpecification`, `TableClass`, and `TimeToLiveSpecification` (no item expires).
 */
const TableProperties = z.strictObject({
  TableName: z.string().optional(),
  AttributeDefinitions: z.array(
    z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
  KeySchema,
  BillingMode: z.enum(['PAY_PER_REQUEST', 'PROVISIONED']).optional(),
  ProvisionedThroughput: Throughput.optional(),
  GlobalSecondaryIndexes: z.array(Index).optional(),
  LocalSecondaryIndexes: z.array(Index.omit({ ProvisionedThroughput: true })).optional(),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional(),
  PointInTimeRecoverySpecification: z.unknown().optional(),
  SSESpecification: z.unknown().optional(),
  DeletionProtectionEnabled: z.unknown().optional(),
  ContributorInsightsSpecification: z.unknown().optional(),
  TableClass: z.string().optional(),
  TimeToLiveSpecification: z.unknown().optional(),
});

function partitionKey(schema: z.infer<typeof KeySchema>): string {
  return schema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '';
}

const Description = z.object({ Table: z.object({ TableStatus: z.string() }) });

/** Waits, as CloudFormation does: a table that is still made is to every item's call not there. */
async function untilActive(store: ItemStore, name: string): Promise<void> {
  for (;;) {
    const answer = await store.call('DescribeTable', JSON.stringify({ TableName: name }));
    if (Description.parse(JSON.parse(answer)).Table.TableStatus === 'ACTIVE') return;
    await sleep(1);
  }
}

/** Creates the tables of templates. */
export function tableResource(store: ItemStore, tables: Tables): ResourceHandler {
  const create = async (resource: DeclaredResource): Promise<CreatedResource> => {
    const properties = readProperties(TableProperties, resource);
    const { BillingMode, ProvisionedThroughput, LocalSecondaryIndexes } = properties;
    const indexes = properties.GlobalSecondaryIndexes ?? [];
    const name = properties.TableName ?? `${resource.stack}-${resource.logicalId}`;
    await store.call(
      'CreateTable',
      JSON.stringify({
        TableName: name,
        AttributeDefinitions: properties.AttributeDefinitions,
        KeySchema: properties.KeySchema,
        BillingMode: BillingMode ?? 'PROVISIONED',
        ProvisionedThroughput,
        ...(indexes.length > 0 ? { GlobalSecondaryIndexes: indexes } : {}),
        LocalSecondaryIndexes,
      }),
    );
    await untilActive(store, name);
    const arn = tables.arn(name);
    tables.add({
      name,
      arn,
      partitionKey: partitionKey(properties.KeySchema),
      indexes: new Map(
        [...indexes, ...(LocalSecondaryIndexes ?? [])].map((index) => [
          index.IndexName,
          partitionKey(index.KeySchema),
        ]),
      ),
      tags: {
        ...resource.tags,
        ...Object.fromEntries((properties.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
      },
    });
    return { ref: name, attributes: { Arn: arn } };
  };
  return { type: 'AWS::DynamoDB::Table', create };
}
