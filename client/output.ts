import process from 'node:process';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Where a command writes: results to stdout, progress and diagnostics to stderr.
 *
 * With `json`, the result is one JSON object; on a stderr that is no terminal, each event is one
 * JSON line.
 */
export interface Output {
  /** Writes the command's result: text for a person, or the same as an object. */
  result(value: Fields, text: string): void;
  /** Writes a line of text to stdout ahead of the result, which has the same with `json`. */
  early(text: string): void;
  /** Tells what goes on: an event's name and ids, and the same as a sentence. */
  event(name: string, fields: Fields, sentence: string): void;
  /** Tells how far it went, again and again: a line that the next one replaces, or a few JSON lines. */
  progress(name: string, fields: Fields, sentence: string): void;
}

interface Streams {
  readonly stdout: Pick<NodeJS.WriteStream, 'write'>;
  readonly stderr: Pick<NodeJS.WriteStream, 'write' | 'isTTY'> & { readonly columns?: number };
}

const clearLine = '\r\u001b[2K';
/** Milliseconds between two progress lines: on a terminal, and elsewhere. */
const redrawMs = 100;
const lineMs = 5_000;

/** Makes the output of one command. */
export function createOutput({ json }: { json: boolean }, streams: Streams = process): Output {
  const { stdout, stderr } = streams;
  let progressShown = false;
  let progressAt = -Infinity;
  const clear = (): void => {
    if (progressShown) stderr.write(clearLine);
    progressShown = false;
  };
  const writeEvent = (name: string, fields: Fields, sentence: string): void => {
    clear();
    stderr.write(
      stderr.isTTY ? `${sentence}\n` : `${JSON.stringify({ event: name, ...fields })}\n`,
    );
  };
  return {
    result(value, text) {
      clear();
      stdout.write(`${json ? JSON.stringify(value) : text}\n`);
    },
    early(text) {
      clear();
      if (!json) stdout.write(`${text}\n`);
    },
    event: writeEvent,
    progress(name, fields, sentence) {
      const now = performance.now();
      if (now - progressAt < (stderr.isTTY ? redrawMs : lineMs)) return;
      progressAt = now;
      if (!stderr.isTTY) {
        writeEvent(name, fields, sentence);
        return;
      }
      // A line that wraps could not be replaced. A terminal that does not know its width says 0.
      const { columns = 0 } = stderr;
      stderr.write(`${clearLine}${sentence.slice(0, (columns > 0 ? columns : 80) - 1)}`);
      progressShown = true;
    },
  };
}
