import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writePocA } from '../../synthetic/write-poc-a.ts';
import type { Transcript } from './transcript.ts';

/** SHA-256 of the three files of the study "100 Johns", as its authors' program writes them. */
const publishedDigests: Readonly<Record<string, string>> = {
  'patients.csv': 'aee5930f53860281731164d52eef78f4a422affbccc008d7bbe313b743c027b2',
  'timeseries.csv': '2f1feeff302a4563545e52b33f90bc0d98bde14131189899c6210079613bd14f',
  'patientParameters.csv': '5d1ce0e0a6b1aaf10f2fd9d6d2423c618023480f8eb961c78bcebb1a856ac299',
};

/**
 * Makes the study, checks it against its published digests, and writes it again with the visits
 * split, one file for each object to upload.
 *
 * @returns the folder to upload.
 */
export async function makeStudy(
  folder: string,
  split: number,
  transcript: Transcript,
): Promise<string> {
  const whole = join(folder, 'whole');
  const parts = join(folder, 'parts');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writePocA(whole);
  for (const [name, digest] of Object.entries(publishedDigests)) {
    const bytes = await readFile(join(whole, name));
    const matches = createHash('sha256').update(bytes).digest('hex') === digest;
    transcript.check(
      `digest of ${name}`,
      matches,
      `${name}: ${bytes.length} bytes, the published SHA-256`,
    );
  }
  const files = await writePocA(parts, { split });
  // The original's random ranges are no data of a patient's, and no pipeline reads them.
  await rm(join(parts, 'patientParameters.csv'));
  transcript.say(`  ${files.length - 1} files to upload: ${split} of visits and one of patients`);
  return parts;
}
