import * as z from 'zod';
import { IngestRun } from '../../ingest/model/ingest-run.ts';
import { SensorBatch } from '../../ingest/model/sensor-items.ts';

/** What is read of `czar iot status`. */
export const IngestStatus = z.object({
  devices: z.array(
    z.object({
      device: z.string(),
      status: z
        .object({
          received: z.int(),
          duplicates: z.int(),
          missing: z.int(),
          gaps: z.int(),
          aside: z.record(z.string(), z.int()),
        })
        .optional(),
    }),
  ),
  batches: z.array(SensorBatch),
  runs: z.array(IngestRun),
});
export type IngestStatus = z.infer<typeof IngestStatus>;
