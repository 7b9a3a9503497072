import * as z from 'zod';
import { BatchId, ObjectId, Study } from './code.ts';

/** Where a batch stands: enough to name every key of it. */
export interface BatchPlace {
  readonly study: string;
  readonly batchId: string;
}

/** Key of an encrypted input object in S3D. */
export const inputKey = ({ study, batchId }: BatchPlace, objectId: string): string =>
  `in/v1/${study}/${batchId}/${objectId}`;

/** Key of the encrypted manifest in S3D. It is uploaded last: its arrival seals the batch. */
export const manifestKey = ({ study, batchId }: BatchPlace): string =>
  `in/v1/${study}/${batchId}/manifest`;

/** Key of the listing in S3A: ids, sizes and digests of ciphertext, readable by orchestration. */
export const listingKey = ({ study, batchId }: BatchPlace): string =>
  `listings/v1/${study}/${batchId}`;

/** Key in S3O of what the pipeline made of one object: one encrypted tar. */
export const objectResultKey = ({ study, batchId }: BatchPlace, objectId: string): string =>
  `out/v1/${study}/${batchId}/objects/${objectId}`;

/**
 * Key in S3O of the batch's consolidated result: one encrypted tar.
 *
 * `madeOf` is the digest of what it was made of, of which the first 16 digits name it: a result is
 * stored once, and one of other objects, which a retry may have got done, is another one. The ledger
 * names the one that counts.
 */
export const batchResultKey = ({ study, batchId }: BatchPlace, madeOf: string): string =>
  `out/v1/${study}/${batchId}/results/${madeOf.slice(0, 16)}`;

/** The run that evidence in S3L is of. */
export interface EvidencePlace {
  readonly study: string;
  /** Absent where the execution named none. */
  readonly batchId?: string | undefined;
  readonly executionHash: string;
  /** Redrives of the execution before the run. */
  readonly redrive: number;
}

/** What the keys of all evidence in S3L begin with. */
export const evidencePrefix = 'evidence/v1/';

/** Key in S3L of a run's evidence: a zip that is written once. */
export const evidenceKey = ({ study, batchId, executionHash, redrive }: EvidencePlace): string =>
  `${evidencePrefix}${study}/${batchId ?? 'none'}/${executionHash}-${redrive}.zip`;

/** What a key of S3D stands for. */
export type InputKey =
  | {
      readonly kind: 'object';
      readonly study: string;
      readonly batchId: string;
      readonly objectId: string;
    }
  | { readonly kind: 'manifest'; readonly study: string; readonly batchId: string };

const InputKeyParts = z.tuple([
  z.literal('in'),
  z.literal('v1'),
  Study,
  BatchId,
  z.union([z.literal('manifest'), ObjectId]),
]);

/** Reads a key of S3D; undefined where it is none that `czar upload` mints. */
export function parseInputKey(key: string): InputKey | undefined {
  const { data } = InputKeyParts.safeParse(key.split('/'));
  if (data === undefined) return undefined;
  const [, , study, batchId, last] = data;
  if (last === 'manifest') return { kind: 'manifest', study, batchId };
  return { kind: 'object', study, batchId, objectId: last };
}
