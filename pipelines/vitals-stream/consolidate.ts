import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { withEngine } from '../engine.ts';
import { streamRows } from '../engine-row.ts';
import { runEntry } from '../run-protocol.ts';
import { coverageSql } from './coverage.ts';
import { mergePartials, readDay } from './merged-day.ts';
import { firstMinuteOf } from './minutes.ts';
import { coverage } from './plot/coverage.ts';
import { vitalsOverTime } from './plot/vitals-over-time.ts';
import { qcReport } from './qc-report.ts';
import { alarmsCsv, coverageCsv, heartRateCsv, minuteMeansCsv } from './result-tables.ts';

await runEntry(async (run) => {
  const result = (name: string): string => join(run.output, name);
  const write = (name: string, lines: AsyncIterable<string>): Promise<void> =>
    pipeline(Readable.from(lines), createWriteStream(result(name)));

  await withEngine(
    run,
    async (connection) => {
      await mergePartials(connection, run.input);
      const day = await readDay(connection);
      const subjects = `${coverageSql(firstMinuteOf(day))} ORDER BY subject`;

      await write('minute-means.csv', minuteMeansCsv(connection));
      await write('heart-rate.csv', heartRateCsv(connection));
      await write('alarms.csv', alarmsCsv(connection));
      await write('coverage.csv', coverageCsv(streamRows(connection, subjects)));
      await writeFile(result('qc.json'), await qcReport(connection, day));
      await writeFile(result('vitals-over-time.svg'), await vitalsOverTime(connection, day));
      await writeFile(result('coverage.svg'), await coverage(connection, day));
    },
    'scratch',
  );
});
