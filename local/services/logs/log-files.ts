import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';

/** A name as one path segment, never `.` or `..`. */
function segment(name: string): string {
  return encodeURIComponent(name).replace(/^\./, '%2E');
}

/**
 * Log groups and streams as folders and files.
 *
 * A message is appended as it comes, with its time in front. Names are percent-encoded: a group's has slashes in it.
 */
export class LogFiles {
  readonly directory: string;
  readonly #open = new Map<string, WriteStream>();

  constructor(directory: string) {
    this.directory = directory;
  }

  append(group: string, stream: string, message: string, time: Date): void {
    this.#file(group, stream).write(`${time.toISOString()} ${message.trimEnd()}\n`);
  }

  async close(): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(
      files.map(async (file) => {
        file.end();
        await finished(file);
      }),
    );
  }

  #file(group: string, stream: string): WriteStream {
    const folder = join(this.directory, segment(group));
    const path = join(folder, `${segment(stream)}.log`);
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
    this.#open.set(path, file);
    return file;
  }
}
