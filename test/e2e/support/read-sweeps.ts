import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SweepOutput } from '../../../tasks/sweep/sweep.ts';
import type { StudyCloud } from './study-cloud.ts';

/** What a sweep says that found nothing to do. */
export const nothingSwept: SweepOutput = {
  batches: 0,
  instances: 0,
  grants: 0,
  queues: 0,
  volumes: 0,
  interfaces: 0,
  outlived: 0,
  closed: 0,
  mails: 0,
  evidence: 0,
};

/** Reads what each run of the sweeper came to, from its log. */
export async function readSweeps({ cloud }: StudyCloud): Promise<SweepOutput[]> {
  const entries = await readdir(cloud.logsDirectory, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')),
  );
  return texts.flatMap((text) => text.split('\n').flatMap(readSweep));
}

/** Reads a line of a log; empty where it is no end of a sweep. */
function readSweep(line: string): SweepOutput[] {
  if (!line.includes('"Task done"') || !line.includes('"outlived"')) return [];
  const said = JSON.parse(line.slice(line.indexOf('{'))) as SweepOutput;
  return [SweepOutput.strip().parse(said)];
}
