import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { PipelineName } from '../workflow/model/batch-request.ts';
import { PipelineReason } from '../workflow/model/ledger-items.ts';
import { reasonFileName, runVariable } from './run-protocol.ts';

export { exitCode, objectFileName } from './run-protocol.ts';

/** The file in a pipeline's folder that holds its contract. */
export const contractFileName = 'pipeline.json';

const entryFile = z.string().regex(/^[a-z][a-z0-9-]*\.mjs$/, {
  error: 'must be the name of an .mjs file in the pipeline folder',
});
const resultFile = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, {
  error: 'must be a plain file name in lower case',
});
const distinct = (values: string[]): boolean => new Set(values).size === values.length;

/**
 * What a pipeline declares of itself in `pipeline.json`.
 *
 * Unknown fields are refused: a misspelt limit would otherwise be a limit that nobody keeps.
 */
export const PipelineContract = z.strictObject({
  name: PipelineName,
  /** Semantic version. It goes up where the same input gives other bytes. */
  version: z.string().regex(/^\d+\.\d+\.\d+$/, { error: 'must be a version such as 1.0.0' }),
  /** Media types of the objects that `process` takes. */
  acceptedTypes: z
    .array(z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/, { error: 'must be a media type' }))
    .min(1)
    .refine(distinct, { error: 'must not name a type twice' }),
  /** The entry run once per object. */
  process: entryFile,
  /** The entry run once per batch, over the outputs of `process`. */
  consolidate: entryFile,
  limits: z.strictObject({
    /** Longest time for one object, and for the consolidation. The worker ends the entry after it. */
    processSeconds: z.int().min(1).max(86_400),
    /** Memory that one run needs at most: how many the worker starts side by side. */
    memoryMiB: z.int().min(64).max(1_048_576),
  }),
  /** The files that `consolidate` writes: each of them, and no other. */
  resultFiles: z.array(resultFile).min(1).refine(distinct, { error: 'must not name a file twice' }),
});
export type PipelineContract = z.infer<typeof PipelineContract>;

/** The directories of a run, and for `process` the object. */
export interface PipelineRun {
  input: string;
  output: string;
  reference: string;
  temporary: string;
  object?: { objectId: string; mediaType: string };
}

/**
 * The whole environment of an entry.
 *
 * It is all that the child process gets: a worker that passed its own environment on would hand
 * its credentials to the pipeline.
 */
export function runEnvironment(run: PipelineRun): Record<string, string> {
  return {
    [runVariable.input]: run.input,
    [runVariable.output]: run.output,
    [runVariable.reference]: run.reference,
    [runVariable.temporary]: run.temporary,
    ...(run.object && {
      [runVariable.objectId]: run.object.objectId,
      [runVariable.mediaType]: run.object.mediaType,
    }),
  };
}

/** The reason where an entry ended with 65 and gave none, or one that is not a reason code. */
export const unspecifiedReason = 'UNSPECIFIED';

/**
 * Reads the reason code after exit 65 from the output directory.
 *
 * A code is the only thing that leaves the run towards the ledger, so anything that does not look
 * like one is replaced: a pipeline cannot spell data into the orchestration plane.
 */
export async function readReason(outputDirectory: string): Promise<string> {
  try {
    const text = await readFile(join(outputDirectory, reasonFileName), 'utf8');
    const reason = PipelineReason.safeParse(text.replace(/\r?\n$/, ''));
    return reason.success ? reason.data : unspecifiedReason;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return unspecifiedReason;
    }
    throw error;
  }
}
