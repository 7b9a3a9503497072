import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchResults } from '../../../client/results/fetch-results.ts';
import { type Figure, readFigures } from '../../../local/demo/published-figures.ts';
import type { StudyCloud } from './study-cloud.ts';
import { silentOutput } from './upload-study.ts';

/** Fetches a batch's result as the researcher, and reads the published figures from it. */
export async function resultFigures({ as }: StudyCloud, batchId: string): Promise<Figure[]> {
  const parent = await mkdtemp(join(tmpdir(), 'czar-results-'));
  try {
    const folder = join(parent, 'results');
    const { signal } = new AbortController();
    await fetchResults(as('researcher'), { batchId, folder, objects: false, signal }, silentOutput);
    return await readFigures(folder);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}
