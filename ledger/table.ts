import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type QueryCommandInput,
  type UpdateItemCommandInput,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

/** A table of items: its partition key, and the sort key `item`. */
export interface Table {
  readonly client: DynamoDBClient;
  readonly name: string;
  /** @default `batchId`: the ledger's */
  readonly partitionKey?: 'batchId' | 'scope' | 'device';
}

/** The ledger's table: partition key `batchId`. */
export type LedgerTable = Table;

const partitionKeyOf = ({ partitionKey = 'batchId' }: Table): string => partitionKey;

/** Index of all batch items, by creation time: partition key `kind`, sort key `createdAt`. */
export const batchIndex = 'batches';

/** One conditional write: the partition is named by its value, whatever its key is called. */
export interface Update {
  readonly partition: string;
  readonly item: string;
  readonly update: string;
  /** DynamoDB condition; without one the update always holds. */
  readonly condition?: string;
  /** Attribute names that are reserved words, by their `#` placeholder. */
  readonly names?: Record<string, string>;
  readonly values?: Record<string, unknown>;
}

/**
 * One conditional write of one item: the only kind of write, and so the only lock, of the ledger.
 *
 * Answers the new item, or undefined where the condition did not hold.
 */
export async function updateItem(
  table: Table,
  { partition, item, update, condition, names, values }: Update,
): Promise<Record<string, unknown> | undefined> {
  const input: UpdateItemCommandInput = {
    TableName: table.name,
    Key: marshall({ [partitionKeyOf(table)]: partition, item }),
    UpdateExpression: update,
    ConditionExpression: condition,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values && marshall(values, { removeUndefinedValues: true }),
    ReturnValues: 'ALL_NEW',
  };
  try {
    const { Attributes } = await table.client.send(new UpdateItemCommand(input));
    return Attributes === undefined ? {} : unmarshall(Attributes);
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

/** Reads one item, consistently. */
export async function getItem(
  table: Table,
  partition: string,
  item: string,
): Promise<Record<string, unknown> | undefined> {
  const { Item } = await table.client.send(
    new GetItemCommand({
      TableName: table.name,
      Key: marshall({ [partitionKeyOf(table)]: partition, item }),
      ConsistentRead: true,
    }),
  );
  return Item === undefined ? undefined : unmarshall(Item);
}

/** Runs a query page by page. */
async function* query(
  table: Table,
  input: Omit<QueryCommandInput, 'TableName'>,
): AsyncGenerator<Record<string, unknown>> {
  let from: Record<string, AttributeValue> | undefined;
  do {
    const page = await table.client.send(
      new QueryCommand({ ...input, TableName: table.name, ExclusiveStartKey: from }),
    );
    for (const item of page.Items ?? []) yield unmarshall(item);
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
}

/**
 * Reads a partition's items in the order of their sort key, or against it, consistently: all of them,
 * or those whose sort key begins with `prefix`.
 */
export function queryItems(
  table: Table,
  partition: string,
  prefix?: string,
  { backwards = false }: { readonly backwards?: boolean } = {},
): AsyncGenerator<Record<string, unknown>> {
  const begins = prefix === undefined ? '' : ' AND begins_with(#item, :prefix)';
  return query(table, {
    KeyConditionExpression: `#partition = :partition${begins}`,
    ExpressionAttributeNames: {
      '#partition': partitionKeyOf(table),
      ...(prefix !== undefined && { '#item': 'item' }),
    },
    ExpressionAttributeValues: marshall(
      { ':partition': partition, ':prefix': prefix },
      { removeUndefinedValues: true },
    ),
    ScanIndexForward: !backwards,
    ConsistentRead: true,
  });
}

/** Reads a partition's items from a sort key on, in its order, consistently. */
export function queryItemsFrom(
  table: Table,
  partition: string,
  from: string,
): AsyncGenerator<Record<string, unknown>> {
  return query(table, {
    KeyConditionExpression: '#partition = :partition AND #item >= :from',
    ExpressionAttributeNames: { '#partition': partitionKeyOf(table), '#item': 'item' },
    ExpressionAttributeValues: marshall({ ':partition': partition, ':from': from }),
    ConsistentRead: true,
  });
}

/** Reads the items of {@link batchIndex}, newest first. Eventually consistent. */
export function queryBatches(table: Table): AsyncGenerator<Record<string, unknown>> {
  return query(table, {
    IndexName: batchIndex,
    KeyConditionExpression: 'kind = :kind',
    ExpressionAttributeValues: marshall({ ':kind': 'BATCH' }),
    ScanIndexForward: false,
  });
}
