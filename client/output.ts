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
  /**
   * Writes an entry of a result that is too long to hold: a line of text, or with `json` an element
   * of the object's list of this name. `result`, or an error, closes the list and the object.
   */
  entry(list: string, value: Fields, text: string): void;
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
  let hasEntries = false;
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
      if (!json) stdout.write(`${text}\n`);
      else if (hasEntries) stdout.write(`],${JSON.stringify(value).slice(1)}\n`);
      else stdout.write(`${JSON.stringify(value)}\n`);
    },
    early(text) {
      clear();
      if (!json) stdout.write(`${text}\n`);
    },
    entry(list, value, text) {
      clear();
      const before = hasEntries ? ',' : `{${JSON.stringify(list)}:[`;
      stdout.write(json ? before + JSON.stringify(value) : `${text}\n`);
      hasEntries = true;
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
