import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is wrong with the machine that an agent runs on. */
export type AgentFault =
  | { readonly kind: 'clock'; readonly milliseconds: number }
  /** From the first object on: no room, or no writing at all. */
  | { readonly kind: 'disk'; readonly code: 'ENOSPC' | 'EROFS' };

/** Lays faults ready in a folder: each agent that processes the batch takes one, while there are any. */
export async function layFaults(
  folder: string,
  batchId: string,
  faults: readonly AgentFault[],
): Promise<void> {
  await writeFile(join(folder, `${batchId}.json`), JSON.stringify(faults));
}
