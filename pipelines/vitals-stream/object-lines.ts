import { createReadStream } from 'node:fs';
import { BadDataError } from '../run-protocol.ts';

/** Longer than any record: a message is 128 KiB at most, and what the poller adds to it is about as much. */
const longestLine = 1024 * 1024;

/**
 * The lines of an object, one at a time. The last one may lack its line end.
 *
 * @throws BadDataError BAD_LINE where a line does not end within 1 MiB, BAD_ENCODING where one is not UTF-8
 */
export async function* objectLines(path: string): AsyncGenerator<string> {
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 256 * 1024 });
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      yield decode(join(rest, chunk.subarray(start, end)));
      rest = Buffer.alloc(0);
      start = end + 1;
    }
    rest = join(rest, chunk.subarray(start));
  }
  if (rest.length > 0) yield decode(rest);
}

function join(rest: Buffer, more: Buffer): Buffer<ArrayBuffer> {
  if (rest.length + more.length > longestLine) throw new BadDataError('BAD_LINE');
  return Buffer.concat([rest, more]);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(line: Buffer): string {
  try {
    return decoder.decode(line);
  } catch {
    throw new BadDataError('BAD_ENCODING');
  }
}
