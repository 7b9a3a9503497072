import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';

/** Creates a table and waits until it can be used: like DynamoDB, dynalite answers while it still makes it. */
export async function createTable(
  client: DynamoDBClient,
  table: CreateTableCommandInput,
): Promise<void> {
  await client.send(new CreateTableCommand(table));
  const { TableName } = table;
  for (;;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    if (Table?.TableStatus === 'ACTIVE') return;
    await sleep(1);
  }
}
