import { join } from 'node:path';
import { BadDataError, objectFileName, runEntry } from '../run-protocol.ts';
import { readHeader } from './csv-input.ts';
import { withEngine } from '../engine.ts';
import { writePartial } from './partial.ts';
import { loadPatients, patientsHeader } from './patients-table.ts';
import { loadVisits, visitsHeader } from './visits-table.ts';

const tables = [
  { header: visitsHeader, load: loadVisits },
  { header: patientsHeader, load: loadPatients },
];

await runEntry(async (run) => {
  const path = join(run.input, objectFileName);
  const header = JSON.stringify(await readHeader(path));
  const table = tables.find((candidate) => JSON.stringify(candidate.header) === header);
  if (table === undefined) throw new BadDataError('BAD_HEADER');
  await withEngine(run, async (connection) => {
    await table.load(connection, path);
    await writePartial(connection, run.output);
  });
});
