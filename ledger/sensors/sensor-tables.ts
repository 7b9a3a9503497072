import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Table } from '../table.ts';

/** What has come of sensors, and what has not: opaque ids, counts, times. Partition key `scope`. */
export function sensorTable(client: DynamoDBClient, name: string): Table {
  return { client, name, partitionKey: 'scope' };
}

/**
 * Which device was whose, from when to when. Partition key `device`.
 *
 * A table of its own: the one thing about sensors that orchestration may not read.
 */
export function assignmentTable(client: DynamoDBClient, name: string): Table {
  return { client, name, partitionKey: 'device' };
}
