import type * as z from 'zod';
import { SensorObjectHeader, SensorRecord } from '../../ingest/model/sensor-object.ts';
import { BadDataError } from '../run-protocol.ts';
import { objectLines } from './object-lines.ts';

/** A sensor object: its header, and its records one at a time. */
export interface SensorObject {
  header: SensorObjectHeader;
  records: AsyncGenerator<SensorRecord>;
}

/**
 * Opens a sensor object and checks it line by line against the schema that the poller writes.
 *
 * One bad line refuses the object as a whole: no poller writes one, so the object is not what it
 * was. That comes out while the records are read.
 *
 * @throws BadDataError NO_RECORDS (an empty object), BAD_HEADER, BAD_ENCODING, BAD_LINE, or BAD_COUNT
 *   where there are more or fewer records than the header says
 */
export async function openSensorObject(path: string): Promise<SensorObject> {
  const lines = objectLines(path);
  const first = await lines.next();
  if (first.done === true) throw new BadDataError('NO_RECORDS');
  const header = parse(SensorObjectHeader, first.value, 'BAD_HEADER');
  return { header, records: readRecords(lines, header.records) };
}

async function* readRecords(
  lines: AsyncIterable<string>,
  expected: number,
): AsyncGenerator<SensorRecord> {
  let found = 0;
  for await (const line of lines) {
    const record = parse(SensorRecord, line, 'BAD_LINE');
    if (record.aside === undefined && namesNobody(record)) throw new BadDataError('BAD_LINE');
    found++;
    yield record;
  }
  if (found !== expected) throw new BadDataError('BAD_COUNT');
}

/** Only a record that is set aside may have values of nobody. */
function namesNobody({ observations, waveforms }: SensorRecord): boolean {
  return [...observations, ...waveforms].some(({ subject }) => subject === null);
}

function parse<Shape extends z.ZodType>(
  schema: Shape,
  line: string,
  reason: string,
): z.output<Shape> {
  const result = schema.safeParse(parseJson(line, reason));
  if (!result.success) throw new BadDataError(reason);
  return result.data;
}

function parseJson(line: string, reason: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new BadDataError(reason);
  }
}
