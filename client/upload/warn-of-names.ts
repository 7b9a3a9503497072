import { detectNames } from '../../workflow/model/name-detector.ts';
import type { Output } from '../output.ts';
import type { SourceFile } from './scan-files.ts';

/** Files that are warned of one by one; the rest is counted. */
const mostWarnings = 20;

/**
 * Tells which files' names look like they tell something, by number.
 *
 * A warning and no refusal: the name travels in the encrypted manifest, and an opaque id stands for
 * it. But whoever named a file so may have other copies of it.
 */
export function warnOfNames(files: readonly SourceFile[], output: Output): void {
  let warned = 0;
  for (const { number, name } of files) {
    const findings = detectNames(name);
    if (findings.length === 0) continue;
    warned += 1;
    if (warned > mostWarnings) continue;
    output.event(
      'name-warning',
      { file: number, findings },
      `file ${number}: its name looks like it tells ${findings.join(' and ')}; it travels encrypted, and an opaque id stands for it`,
    );
  }
  if (warned <= mostWarnings) return;
  output.event(
    'name-warnings',
    { files: warned },
    `${warned} files in all have names that look like they tell something`,
  );
}
