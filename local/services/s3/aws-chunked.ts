import { ApiError } from '../../api.ts';

const MAX_LINE_BYTES = 8 * 1024;
const MAX_TRAILERS = 16;

type State = 'size' | 'data' | 'data-end' | 'trailer' | 'done';

const invalid = (what: string): ApiError =>
  new ApiError('InvalidChunkSizeError', `The aws-chunked body is malformed: ${what}`);

/**
 * The bytes inside an `aws-chunked` body, and in `trailers` what came after them.
 *
 * Understands all variants' framing. Signatures of chunks are not looked at: the gateway has
 * verified them on the way.
 *
 * @throws ApiError InvalidChunkSizeError, IncompleteBody for a body that ends before its last chunk.
 * @see Amazon S3 API Reference, "Signature calculations: transferring a payload in multiple chunks"
 */
export async function* decodeChunked(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  let state: State = 'size';
  let left = 0;
  let rest = Buffer.alloc(0);

  const readLine = (line: string): State => {
    if (state === 'data-end') {
      if (line !== '') throw invalid('a chunk is longer than its size');
      return 'size';
    }
    if (state === 'size') {
      const size = /^([0-9a-f]{1,12})(?:;chunk-signature=[0-9a-f]{64})?$/i.exec(line)?.[1];
      if (size === undefined) throw invalid('a chunk has no size');
      left = Number.parseInt(size, 16);
      return left === 0 ? 'trailer' : 'data';
    }
    if (line === '') return 'done';
    const colon = line.indexOf(':');
    if (colon < 1 || trailers.size === MAX_TRAILERS) throw invalid('a trailer is malformed');
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    return 'trailer';
  };

  for await (const chunk of source) {
    let bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    rest = Buffer.alloc(0);
    while (bytes.length > 0) {
      if (state === 'done') throw invalid('there is more after its end');
      if (state === 'data') {
        const part = bytes.subarray(0, left);
        left -= part.length;
        bytes = bytes.subarray(part.length);
        if (left === 0) state = 'data-end';
        yield part;
        continue;
      }
      const end = bytes.indexOf('\r\n');
      if (end < 0) {
        if (bytes.length > MAX_LINE_BYTES) throw invalid('a line is too long');
        rest = Buffer.from(bytes);
        break;
      }
      state = readLine(bytes.toString('latin1', 0, end));
      bytes = bytes.subarray(end + 2);
    }
  }
  // Some clients leave out the empty line after the trailers; a missing trailer is noticed later.
  const isWhole = state === 'done' || (state === 'trailer' && rest.length === 0);
  if (!isWhole) {
    throw new ApiError('IncompleteBody', 'The request body terminated unexpectedly');
  }
}
