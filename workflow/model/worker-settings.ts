import * as z from 'zod';
import { Study } from './code.ts';

/**
 * What an instance knows of its deployment: the launch template's user data writes it to
 * `/etc/czar/worker.json`. Names only, no secret.
 */
export const WorkerSettings = z.strictObject({
  study: Study,
  region: z.string().min(1),
  inputBucket: z.string().min(1),
  resultBucket: z.string().min(1),
  ledgerTable: z.string().min(1),
  dataKeyArn: z.string().min(1),
  agentSha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type WorkerSettings = z.infer<typeof WorkerSettings>;
