import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Operation } from './operation.ts';

/** Notes every message that is sent. */
export interface MessageJournal {
  /** Resolves when what an operation sends, if it sends anything, is in the file. */
  note(operation: Operation): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes the journal, JSON lines in a file that begins with the first message: a queue is gone with its
 * batch, and what stood in it must be there to be searched for what may not stand in it. AWS keeps
 * nothing like it.
 *
 * The file stays open: opening it for each message would take longer than sending it.
 */
export function createMessageJournal(directory: string): MessageJournal {
  const folder = join(directory, 'sqs');
  let opening: Promise<WriteStream> | undefined;
  const open = async (): Promise<WriteStream> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = createWriteStream(join(folder, 'messages.jsonl'), { flags: 'a', mode: 0o600 });
    // Each write that fails says so itself.
    return file.on('error', () => undefined);
  };
  return {
    note: async ({ name, input }) => {
      if (name !== 'SendMessage' && name !== 'SendMessageBatch') return;
      const messages = 'Entries' in input ? input.Entries : [input];
      const lines = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
      const file = await (opening ??= open());
      await new Promise<void>((resolve, reject) => {
        file.write(lines, (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    },
    close: async () => {
      const file = await opening;
      file?.end();
      if (file !== undefined) await finished(file);
    },
  };
}
