import * as z from 'zod';
import { Study } from '../../workflow/model/code.ts';

const name = z.string().min(1);

/** What E knows of its deployment: its boot script writes it to `/etc/czar/poller.json`. Names only, no secret. */
export const PollerSettings = z.strictObject({
  study: Study,
  region: name,
  inputBucket: name,
  ancillaryBucket: name,
  ledgerTable: name,
  sensorTable: name,
  assignmentTable: name,
  dataKeyArn: name,
  queueUrl: z.url(),
  deadLetterQueueUrl: z.url(),
  /** Hours after the end of a day when its batches are sealed. */
  sealAfterHours: z.number().min(0).max(168),
  agentSha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type PollerSettings = z.infer<typeof PollerSettings>;
