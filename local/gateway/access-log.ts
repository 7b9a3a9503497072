import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { CloudTrailRecord } from './cloudtrail-record.ts';

/**
 * The embedded cloud's CloudTrail: one JSON line for every call, denied ones too, only ever appended.
 *
 * Lines are written behind the call, in order, and are all on disk once {@link close} resolves.
 */
export class AccessLog {
  readonly path: string;
  readonly #stream: WriteStream;

  constructor(path: string) {
    this.path = path;
    this.#stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  }

  append(record: CloudTrailRecord): void {
    this.#stream.write(`${JSON.stringify(record)}\n`);
  }

  /** Resolves when everything appended so far can be read from the file. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write('', (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }
}
