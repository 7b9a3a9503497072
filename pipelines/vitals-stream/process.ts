import { join } from 'node:path';
import { objectFileName, runEntry } from '../run-protocol.ts';
import { PartialWriter } from './partial.ts';
import { openSensorObject } from './sensor-records.ts';
import { summariseRecord } from './summarise-record.ts';

await runEntry(async (run) => {
  const { header, records } = await openSensorObject(join(run.input, objectFileName));
  const partial = await PartialWriter.open(run.output);
  try {
    partial.count({ kind: 'DAY', name: header.day });
    for await (const record of records) {
      summariseRecord(record, header, partial);
      await partial.relieve();
    }
  } catch (error) {
    await partial.discard();
    throw error;
  }
  await partial.finish();
});
