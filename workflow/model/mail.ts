import * as z from 'zod';
import { BatchId } from './code.ts';

/** The four mails of a batch. */
export const MailKind = z.enum(['working', 'done', 'evaporated', 'failed']);
export type MailKind = z.infer<typeof MailKind>;

/** The closed list of fields that a mail or a message on the topic may carry. No PHI fits in. */
export const MailFields = z.strictObject({
  kind: MailKind,
  study: z.string(),
  batchId: BatchId,
  execution: z.string(),
  objects: z.int().min(0).optional(),
  done: z.int().min(0).optional(),
  failed: z.int().min(0).optional(),
  workers: z.int().min(0).optional(),
  /** Code of the error that ended a failed batch. */
  reason: z
    .string()
    .regex(/^[A-Za-z][A-Za-z.]{1,60}$/)
    .optional(),
});
export type MailFields = z.infer<typeof MailFields>;
