import { createReadStream, createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';

/** A name as one path segment, never `.` or `..`. */
function segment(name: string): string {
  return encodeURIComponent(name).replace(/^\./, '%2E');
}

const suffix = '.log';

/** One line as it was appended: its time, and what follows it. */
const line = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (.*)$/;

/** One message of a stream. */
export interface LogMessage {
  readonly stream: string;
  readonly time: Date;
  readonly message: string;
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

  /** Names of the groups that have a message. */
  async groups(): Promise<string[]> {
    return (await namesIn(this.directory)).map(decodeURIComponent);
  }

  /** The messages of a group, stream by stream. A message of several lines is one. */
  async *read(group: string): AsyncGenerator<LogMessage> {
    await this.#written();
    const folder = join(this.directory, segment(group));
    for (const file of (await namesIn(folder)).toSorted()) {
      const stream = decodeURIComponent(file.slice(0, -suffix.length));
      let last: LogMessage | undefined;
      for await (const text of createInterface({ input: createReadStream(join(folder, file)) })) {
        const [, time, message = ''] = line.exec(text) ?? [];
        if (time === undefined) {
          if (last !== undefined) last = { ...last, message: `${last.message}\n${text}` };
          continue;
        }
        if (last !== undefined) yield last;
        last = { stream, time: new Date(time), message };
      }
      if (last !== undefined) yield last;
    }
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

  /** Resolves once all that was appended is in its file. */
  async #written(): Promise<void> {
    await Promise.all(
      [...this.#open.values()].map(
        (file) => new Promise<void>((resolve) => file.write('', () => resolve())),
      ),
    );
  }

  #file(group: string, stream: string): WriteStream {
    const folder = join(this.directory, segment(group));
    const path = join(folder, `${segment(stream)}${suffix}`);
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
    this.#open.set(path, file);
    return file;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
