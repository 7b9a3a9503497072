import type { Hono } from 'hono';
import * as z from 'zod';
import { readReports } from '../../client/iot/device-report.ts';
import type { Gap } from '../../ingest/model/sensor-items.ts';
import type { IngestRun } from '../../ingest/model/ingest-run.ts';
import { listSensorBatches } from '../../ledger/sensors/batches.ts';
import { listDevices } from '../../ledger/sensors/devices.ts';
import { listGaps } from '../../ledger/sensors/gaps.ts';
import { listRuns } from '../../ledger/sensors/runs.ts';
import { sensorTable } from '../../ledger/sensors/sensor-tables.ts';
import type { Desk } from '../console.ts';
import { badInput } from '../page/error-page.ts';
import { GapsContent, mostGaps } from './gaps-page.ts';
import { mostRuns, NoIngestContent, SensorsContent } from './sensors-page.ts';

const Open = z.literal('1').optional();

/** Sensor devices, the batches of days, the ingest's runs, and gaps; a page that says so where there is no ingest. */
export function addSensorRoutes(app: Hono, { sources, show }: Desk): void {
  const { settings, ledger } = sources.deployment;
  const { ingest } = settings;
  if (ingest === undefined) {
    for (const path of ['/sensors', '/sensors/gaps']) {
      app.get(path, (context) =>
        show(context, { title: 'Sensors', part: 'sensors', content: NoIngestContent() }),
      );
    }
    return;
  }
  const sensors = sensorTable(ledger.client, ingest.sensorTable);

  app.get('/sensors', async (context) => {
    const devices = await readReports(sensors);
    const batches = await Array.fromAsync(listSensorBatches(sensors));
    const runs: IngestRun[] = [];
    for await (const run of listRuns(sensors)) {
      runs.push(run);
      if (runs.length === mostRuns) break;
    }
    const content = SensorsContent({ devices, batches, runs });
    return show(context, { title: 'Sensors', part: 'sensors', content });
  });

  app.get('/sensors/gaps', async (context) => {
    const open = Open.safeParse(context.req.query('open'));
    if (!open.success) throw badInput('open must be 1, or not be there.');
    const gaps: Gap[] = [];
    for await (const { device } of listDevices(sensors)) {
      for await (const gap of listGaps(sensors, device)) {
        if (open.data === undefined || gap.closedAt === undefined) gaps.push(gap);
      }
    }
    const newest = gaps.toSorted((a, b) => Date.parse(b.from) - Date.parse(a.from));
    const content = GapsContent({
      gaps: newest.slice(0, mostGaps),
      total: gaps.length,
      isOpenOnly: open.data !== undefined,
    });
    return show(context, { title: 'Gaps', part: 'sensors', content });
  });
}
