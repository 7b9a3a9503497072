import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Operation } from './operation.ts';

/**
 * Notes every message that is sent, as JSON lines: a queue is gone with its batch, and what stood in
 * it must be there to be searched for what may not stand in it. AWS keeps nothing like it.
 */
export function createMessageJournal(directory: string): (operation: Operation) => Promise<void> {
  const folder = join(directory, 'sqs');
  return async ({ name, input }) => {
    if (name !== 'SendMessage' && name !== 'SendMessageBatch') return;
    const messages = 'Entries' in input ? input.Entries : [input];
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const lines = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    await appendFile(join(folder, 'messages.jsonl'), lines, { mode: 0o600 });
  };
}
