import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { bootIdLength, deviceIdLength, subjectCodeLength } from '../../../ingest/model/codes.ts';
import { assignmentTable, sensorTable } from '../../../ledger/sensors/sensor-tables.ts';
import type { Table } from '../../../ledger/table.ts';
import { mintCode } from '../../../workflow/model/code.ts';
import { createTable } from '../create-table.ts';

/** Both tables of sensors in a DynamoDB of their own, in memory: its conditions are really evaluated. */
export interface TestSensorTables {
  readonly sensors: Table;
  readonly assignments: Table;
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

/** Starts both, empty. */
export async function startSensorTables(): Promise<TestSensorTables> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  await createSensorTables(client);
  return {
    sensors: sensorTable(client, 'sensors'),
    assignments: assignmentTable(client, 'assignments'),
    endpoint,
    stop: async () => {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Creates the tables `sensors` and `assignments`, with the keys that DataStack gives them. */
export async function createSensorTables(client: DynamoDBClient): Promise<void> {
  for (const [TableName, partitionKey] of [
    ['sensors', 'scope'],
    ['assignments', 'device'],
  ] as const) {
    await createTable(client, {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [partitionKey, 'item'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: [
        { AttributeName: partitionKey, KeyType: 'HASH' },
        { AttributeName: 'item', KeyType: 'RANGE' },
      ],
    });
  }
}

/** Mints the same code for the same number, in the order of the numbers for those below 19^3. */
function fixed(length: number, number: number): string {
  const places = Array.from({ length: length - 1 }, (_, place) =>
    place < 3 ? Math.floor(number / 19 ** (2 - place)) % 19 : 5,
  );
  return mintCode(length, () => places.shift() ?? 0);
}

/** The n-th device of the tests. */
export const deviceId = (number: number): string => fixed(deviceIdLength, number);

/** The n-th boot of the tests. */
export const bootId = (number: number): string => fixed(bootIdLength, number);

/** The n-th subject of the tests. */
export const subject = (number: number): string => fixed(subjectCodeLength, number);
