import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOutput } from '../../../client/output.ts';
import { scanFiles } from '../../../client/upload/scan-files.ts';
import { uploadBatch } from '../../../client/upload/upload-batch.ts';
import { writePocA } from '../../../synthetic/write-poc-a.ts';
import { newBatchId } from './run-batch.ts';
import type { StudyCloud } from './study-cloud.ts';

const silent = { write: () => true, isTTY: false };

/** An output that nobody reads. */
export const silentOutput = createOutput({ json: true }, { stdout: silent, stderr: silent });

/** Uploads the visits of the study "100 Johns" as `split` objects and its patients as one more. */
export async function uploadStudy({ as }: StudyCloud, split: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'czar-study-'));
  try {
    await writePocA(folder, { split });
    await rm(join(folder, 'patientParameters.csv'));
    const batchId = newBatchId();
    const { files } = await scanFiles([folder]);
    await uploadBatch(
      as('uploader'),
      {
        batchId,
        files,
        parallel: 4,
        allowDuplicates: false,
        signal: new AbortController().signal,
      },
      silentOutput,
    );
    return batchId;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
