import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterEach, beforeEach, vi } from 'vitest';
import { startSensorTables, type TestSensorTables } from '../../ledger/sensors/sensor-tables.ts';
import { FakeIot } from '../fake-aws/fake-iot.ts';
import { clientSettings } from '../fake-aws/study.ts';
import type { Laptop } from '../laptop.ts';

/** What the deployment of the tests says of its ingest. */
export const ingestSettings = {
  sensorTable: 'sensors',
  assignmentTable: 'assignments',
  stateMachineArn: 'arn:aws:states:us-east-1:111122223333:stateMachine:czarhipaa-ingest',
  queueUrl: 'https://sqs.us-east-1.amazonaws.com/111122223333/sensors',
  thingPolicy: 'czarhipaa-device',
};

/** A study with a sensor ingest: its tables and its AWS IoT; new for each test. */
export interface SensorStudy {
  tables: TestSensorTables;
  iot: FakeIot;
  /** Puts an item into the sensor table. */
  put: (scope: string, item: string, fields: Record<string, unknown>) => Promise<void>;
}

/** Gives the deployment of each test's laptop a sensor ingest. */
export function useSensors(laptop: Laptop): SensorStudy {
  const study = {} as SensorStudy;
  beforeEach(async () => {
    study.tables = await startSensorTables();
    study.iot = await FakeIot.start();
    study.put = async (scope, item, fields) => {
      const { client, name } = study.tables.sensors;
      const Item = marshall({ scope, item, ...fields }, { removeUndefinedValues: true });
      await client.send(new PutItemCommand({ TableName: name, Item }));
    };
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', study.tables.endpoint);
    for (const [name, value] of Object.entries(study.iot.environment)) vi.stubEnv(name, value);
    laptop.aws.json.answers.GetParameter = () => ({
      Parameter: { Value: JSON.stringify({ ...clientSettings, ingest: ingestSettings }) },
    });
  });
  afterEach(async () => {
    study.iot.stop();
    await study.tables.stop();
  });
  return study;
}
