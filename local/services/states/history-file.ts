import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryEvent } from '../../asl/history.ts';

/**
 * The histories of all executions as JSON lines, only ever appended: evidence that outlives the cloud.
 *
 * A line is an event as `GetExecutionHistory` knows it, with the execution's ARN in front. It is written
 * before the journal's, so after a crash a line may be there twice, and none is missing.
 */
export class HistoryFile {
  readonly path: string;
  #file: number | undefined;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.path = join(directory, 'history.jsonl');
    this.#file = openSync(this.path, 'a', 0o600);
  }

  append(executionArn: string, event: HistoryEvent): void {
    if (this.#file !== undefined)
      writeSync(this.#file, `${JSON.stringify({ executionArn, ...event })}\n`);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
