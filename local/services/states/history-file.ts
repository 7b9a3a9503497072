import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { HistoryEvent } from '../../asl/history.ts';

/**
 * The histories of all executions as JSON lines, only ever appended: evidence that outlives the cloud.
 *
 * A line is an event as `GetExecutionHistory` knows it, with the execution's ARN in front.
 */
export class HistoryFile {
  readonly path: string;
  readonly #stream: WriteStream;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.path = join(directory, 'history.jsonl');
    this.#stream = createWriteStream(this.path, { flags: 'a', mode: 0o600 });
  }

  append(executionArn: string, event: HistoryEvent): void {
    if (!this.#stream.writableEnded)
      this.#stream.write(`${JSON.stringify({ executionArn, ...event })}\n`);
  }

  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }
}
