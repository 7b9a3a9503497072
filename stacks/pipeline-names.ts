import { globSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const pipelines = fileURLToPath(new URL('../pipelines/', import.meta.url));

/** The pipelines that are bundled into the workers' agent: folders with a contract. Sorted. */
export function pipelineNames(): string[] {
  return globSync('*/pipeline.json', { cwd: pipelines })
    .map((contract) => basename(dirname(contract)))
    .sort();
}
