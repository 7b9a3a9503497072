import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashedStream } from '../../../local/gateway/payload.ts';
import { SignedChunks } from '../../../local/gateway/signed-chunks.ts';
import { send, sign, type RawRequest } from './signed-request.ts';
import { region, startToyCloud, type ToyCloud } from './toy-cloud.ts';
import { toyService } from './toy-service.ts';

/** The example of "Transferring payload in multiple chunks" in the Amazon S3 API Reference. */
const published = {
  signingKey: Buffer.from(
    'dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378',
    'hex',
  ),
  scope: { date: '20130524', region: 'us-east-1', service: 's3' },
  timestamp: '20130524T000000Z',
  seed: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
};

function chunk(data: Buffer, signature: string): Buffer {
  const header = Buffer.from(`${data.length.toString(16)};chunk-signature=${signature}\r\n`);
  return Buffer.concat([header, data, Buffer.from('\r\n')]);
}

const publishedBody = Buffer.concat([
  chunk(
    Buffer.alloc(65536, 'a'),
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  ),
  chunk(
    Buffer.alloc(1024, 'a'),
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
  ),
  chunk(Buffer.alloc(0), 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'),
]);

function inPieces(body: Buffer, size: number): Readable {
  const pieces = Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
    body.subarray(index * size, (index + 1) * size),
  );
  return Readable.from(pieces);
}

describe('an upload in signed chunks', () => {
  it.each([1, 7, 1000, 65536, 1_000_000])(
    'passes in pieces of %i bytes when every signature fits',
    async (size) => {
      const passed = await buffer(
        inPieces(publishedBody, size).pipe(new SignedChunks(published, false)),
      );

      expect(passed.equals(publishedBody)).toBe(true);
    },
  );

  it.each<[string, (body: Buffer) => Buffer]>([
    ['a flipped byte of data', (body) => flip(body, 500)],
    ['a flipped byte of the last chunk', (body) => flip(body, body.length - 20)],
    ['a missing end', (body) => body.subarray(0, 66_000)],
    ['a chunk that is repeated', (body) => Buffer.concat([body.subarray(0, 65_626), body])],
    ['more after the end', (body) => Buffer.concat([body, Buffer.from('more\r\n')])],
    ['a chunk without signature', () => Buffer.from('3\r\nabc\r\n0\r\n\r\n')],
    ['an endless header', () => Buffer.alloc(10_000, 'a')],
  ])('fails at %s', async (_what, change) => {
    const passed = buffer(
      inPieces(change(publishedBody), 5000).pipe(new SignedChunks(published, false)),
    );

    await expect(passed).rejects.toMatchObject({ name: 'ApiError', code: 'SignatureDoesNotMatch' });
  });
});

function flip(body: Buffer, index: number): Buffer {
  const copy = Buffer.from(body);
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

describe('an upload whose hash is signed', () => {
  it('ends only when the bytes fit the hash', async () => {
    const data = Buffer.alloc(200_000, 3);
    const hash = createHash('sha256').update(data).digest('hex');

    const good = buffer(hashedStream(inPieces(data, 1000), hash));
    const bad = buffer(hashedStream(inPieces(flip(data, 150_000), 1000), hash));

    await expect(good).resolves.toHaveLength(data.length);
    await expect(bad).rejects.toMatchObject({ code: 'XAmzContentSHA256Mismatch' });
  });
});

describe('the gateway', () => {
  let cloud: ToyCloud;

  beforeEach(async () => {
    cloud = await startToyCloud();
    cloud.role('caller', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
    cloud.serve(toyService('s3', 'rest-xml', () => ({ status: 200 })));
    cloud.serve(toyService('kms', 'json', () => ({ status: 200 })));
  });

  afterEach(() => cloud.stop());

  async function put(
    service: string,
    headers: Record<string, string>,
    body: string | Buffer,
  ): Promise<string> {
    const { endpoint, credentials } = cloud.as('caller');
    const request: RawRequest = { method: 'PUT', path: '/bucket/key', headers, body };
    const answer = await send(
      endpoint,
      await sign({ endpoint, service, region, credentials }, request),
    );
    return answer.status === 200 ? 'served' : answer.body;
  }

  it('takes a body that is declared unsigned from S3 clients only', async () => {
    const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };

    expect(await put('s3', headers, 'data')).toBe('served');
    expect(await put('kms', headers, 'data')).toContain('InvalidSignatureException');
  });

  it('refuses other ways to sign a body by name', async () => {
    const headers = { 'x-amz-content-sha256': 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD' };

    expect(await put('s3', headers, 'data')).toContain('InvalidArgument');
  });

  it('does not hold more than 16 MiB of a call', async () => {
    expect(await put('kms', {}, Buffer.alloc(17 * 1024 * 1024))).toContain('RequestEntityTooLarge');
  });
});
