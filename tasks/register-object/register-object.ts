import * as z from 'zod';
import { noteBatch, sealBatch } from '../../ledger/batches.ts';
import { registerObject as registerInLedger } from '../../ledger/objects.ts';
import type { LedgerTable } from '../../ledger/table.ts';
import { parseInputKey } from '../../workflow/model/keys.ts';

/** What is read of EventBridge's event for a new object of S3D. AWS adds fields at will. */
export const ObjectCreatedEvent = z.object({
  'detail-type': z.literal('Object Created'),
  detail: z.object({
    object: z.object({ key: z.string(), size: z.int().min(0) }),
  }),
});
export type ObjectCreatedEvent = z.infer<typeof ObjectCreatedEvent>;

export const RegisterObjectOutput = z.strictObject({
  /** The last two: a key that `czar upload` did not mint, or minted for another study. */
  outcome: z.enum(['REGISTERED', 'SEALED', 'FOREIGN_KEY', 'FOREIGN_STUDY']),
  batchId: z.string().optional(),
});
export type RegisterObjectOutput = z.infer<typeof RegisterObjectOutput>;

export interface RegisterObjectDeps {
  readonly table: LedgerTable;
  readonly study: string;
  readonly now: () => Date;
}

/**
 * Enters a new object of S3D in the ledger; the manifest's arrival seals its batch.
 *
 * It goes by the event alone and reads no object. Events may come twice, late, and in any order:
 * the ledger's conditions make each of these harmless. A foreign key is told by a code and not
 * thrown: a retry would not mend it, and the key itself may be a person's name.
 */
export async function registerObject(
  { detail: { object } }: ObjectCreatedEvent,
  { table, study, now }: RegisterObjectDeps,
): Promise<RegisterObjectOutput> {
  const key = parseInputKey(object.key);
  if (key === undefined) return { outcome: 'FOREIGN_KEY' };
  if (key.study !== study) return { outcome: 'FOREIGN_STUDY' };
  const { batchId } = key;
  if (key.kind === 'manifest') {
    await sealBatch(table, batchId, now());
    return { outcome: 'SEALED', batchId };
  }
  await noteBatch(table, batchId, now());
  const { objectId } = key;
  await registerInLedger(table, { batchId, objectId, sizeBytes: object.size }, now());
  return { outcome: 'REGISTERED', batchId };
}
