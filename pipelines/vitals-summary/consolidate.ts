import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runEntry } from '../run-protocol.ts';
import { withEngine } from '../engine.ts';
import {
  readCounts,
  readPatients,
  readPeriods,
  readStudy,
  readTemperatures,
} from './merged-study.ts';
import { mergePartials } from './partial.ts';
import { temperatureDistribution } from './plot/temperature-distribution.ts';
import { choosePeriod, vitalsOverTime } from './plot/vitals-over-time.ts';
import { qcReport } from './qc-report.ts';
import { byPatientCsv, summaryCsv } from './result-tables.ts';

await runEntry(async (run) => {
  const result = (name: string): string => join(run.output, name);
  await withEngine(run, async (connection) => {
    await mergePartials(connection, run.input);
    const study = await readStudy(connection);
    const counts = await readCounts(connection);

    await writeFile(result('summary.csv'), summaryCsv(study));
    await writeFile(result('qc.json'), qcReport(study, counts));
    await pipeline(
      Readable.from(byPatientCsv(readPatients(connection))),
      createWriteStream(result('by-patient.csv')),
    );

    const bins = await readTemperatures(connection);
    const histogram = bins.map((bin) => ({
      upperEdge: Number(bin.integer('upper_edge')),
      visits: Number(bin.integer('n')),
    }));
    await writeFile(result('temperature-distribution.svg'), temperatureDistribution(histogram));

    const months = choosePeriod(await readPeriods(connection, 1));
    const plot = vitalsOverTime(await readPeriods(connection, months), months, {
      visits: Number(study.integer('n')),
      patients: Number(counts.integer('patients')),
      first: study.text('first_at').slice(0, 10),
      last: study.text('last_at').slice(0, 10),
    });
    await writeFile(result('vitals-over-time.svg'), plot);
  });
});
