import { describe, expect, test } from 'vitest';
import { decodeChunked } from '../../../../local/services/s3/aws-chunked.ts';

const signature = 'a'.repeat(64);

async function* pieces(text: string, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < text.length; start += size) {
    yield await Promise.resolve(Buffer.from(text.slice(start, start + size), 'latin1'));
  }
}

async function decode(text: string, size = text.length) {
  const trailers = new Map<string, string>();
  const chunks: Buffer[] = [];
  for await (const chunk of decodeChunked(pieces(text, size), trailers)) {
    chunks.push(Buffer.from(chunk));
  }
  return { body: Buffer.concat(chunks).toString('latin1'), trailers: Object.fromEntries(trailers) };
}

const unsigned = '5\r\nhello\r\n6\r\n\r\nwide\r\n0\r\nx-amz-checksum-crc32:AAAA==\r\n\r\n';

describe('a well-formed body', () => {
  test.each([
    ['unsigned with a trailer', unsigned, 'hello\r\nwide', { 'x-amz-checksum-crc32': 'AAAA==' }],
    [
      'signed',
      `5;chunk-signature=${signature}\r\nhello\r\n0;chunk-signature=${signature}\r\n\r\n`,
      'hello',
      {},
    ],
    [
      'signed with a trailer',
      `A;chunk-signature=${signature}\r\n0123456789\r\n0;chunk-signature=${signature}\r\nx-amz-checksum-sha256:BB=\r\nx-amz-trailer-signature:${signature}\r\n\r\n`,
      '0123456789',
      { 'x-amz-checksum-sha256': 'BB=', 'x-amz-trailer-signature': signature },
    ],
    ['empty', '0\r\n\r\n', '', {}],
    ['without the last empty line', '1\r\nx\r\n0\r\na:b\r\n', 'x', { a: 'b' }],
  ])('%s is read, however it is cut', async (_what, text, body, trailers) => {
    for (const size of [1, 2, 3, 7, text.length]) {
      expect(await decode(text, size)).toEqual({ body, trailers });
    }
  });
});

test('a body that ends early is incomplete wherever it ends', async () => {
  const data = '5\r\nhello\r\n0\r\n';
  for (let length = 0; length < data.length; length += 1) {
    await expect(decode(data.slice(0, length))).rejects.toMatchObject({ code: 'IncompleteBody' });
  }
});

test.each([
  ['a size that is none', 'x\r\n'],
  ['a chunk longer than its size', '2\r\nabc\r\n0\r\n\r\n'],
  ['bytes after the end', '0\r\n\r\nmore'],
  ['a trailer without a name', '0\r\n:v\r\n\r\n'],
  ['a line without an end', 'a'.repeat(10_000)],
])('refuses %s', async (_what, text) => {
  await expect(decode(text)).rejects.toMatchObject({ code: 'InvalidChunkSizeError' });
});
