import { randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  type KeyringNode,
  KmsKeyringNode,
} from '@aws-crypto/client-node';
import { DecryptCommand, GenerateDataKeyCommand } from '@aws-sdk/client-kms';
import { beforeEach, describe, expect, it } from 'vitest';
import { createDecryptor } from '../../envelope/decryptor.ts';
import { digestStream } from '../../envelope/digest-stream.ts';
import { createEncryptor } from '../../envelope/encryptor.ts';
import type { EnvelopeKey } from '../../envelope/envelope-key.ts';
import { FakeKms, keyArn, place } from './fake-kms.ts';

const MiB = 1024 * 1024;
const vanilla = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const context = { study: place.study, batch: place.batchId, kind: 'input' };

let kms: FakeKms;
let key: EnvelopeKey;

beforeEach(() => {
  kms = new FakeKms();
  key = { kms: kms.client, keyArn, place, kind: 'input' };
});

function vanillaKeyring(): KeyringNode {
  const keyring: unknown = new KmsKeyringNode({
    generatorKeyId: keyArn,
    clientProvider: () => ({
      generateDataKey: (input) => kms.client.send(new GenerateDataKeyCommand(input)),
      decrypt: (input) => kms.client.send(new DecryptCommand(input)),
      encrypt: () => Promise.reject(new Error('unused')),
    }),
  });
  return keyring as KeyringNode;
}

/** Cuts bytes into chunks of a size. */
function* chunks(bytes: Buffer, size = 64 * 1024): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function encrypted(bytes: Buffer, using: EnvelopeKey = key): Promise<Buffer> {
  return buffer(createEncryptor(using).encrypt(bytes.length)(Readable.from(chunks(bytes))));
}

async function decrypted(bytes: Buffer, size?: number): Promise<Buffer> {
  return buffer(createDecryptor(key).decrypt(Readable.from(chunks(bytes, size))));
}

/** Where the body of a message of this file begins. */
function bodyOffset(message: Buffer): number {
  const dataKeyAt = message.indexOf(keyArn) + keyArn.length;
  return dataKeyAt + 2 + message.readUInt16BE(dataKeyAt) + 1 + 4 + 32 + 16;
}

describe('a round trip', () => {
  it.each([0, 1, MiB - 1, MiB, MiB + 1, 3 * MiB + 17])(
    'gives %i bytes back as they were',
    async (length) => {
      const plaintext = randomBytes(length);

      const answer = await decrypted(await encrypted(plaintext));

      expect(answer.equals(plaintext)).toBe(true);
    },
  );

  it('reads a message that arrives byte by byte', async () => {
    const message = await encrypted(Buffer.from('three rows'));

    const answer = await decrypted(message, 1);

    expect(answer.toString()).toBe('three rows');
  });

  it('releases a frame before the rest of the message has been read', async () => {
    const message = await encrypted(randomBytes(3 * MiB));
    let read = 0;
    async function* counted() {
      for (const chunk of chunks(message)) {
        await Promise.resolve();
        read += chunk.length;
        yield chunk;
      }
    }

    const first = await createDecryptor(key).decrypt(counted()).next();

    expect(first.done).toBe(false);
    expect(read).toBeLessThan(1.2 * MiB);
  });
});

describe('the message format', () => {
  it("is read by the AWS Encryption SDK's own client, context and all", async () => {
    const plaintext = randomBytes(2 * MiB + 5);
    const message = await encrypted(plaintext);

    const answer = await vanilla.decrypt(vanillaKeyring(), message);

    expect(answer.plaintext.equals(plaintext)).toBe(true);
    expect(answer.messageHeader.encryptionContext).toEqual(context);
    expect(answer.messageHeader.suiteId).toBe(0x0478);
    expect(answer.messageHeader.frameLength).toBe(MiB);
  });

  it.each([4096, MiB])(
    'of that client is read here, with frames of %i bytes',
    async (frameLength) => {
      const plaintext = randomBytes(2 * MiB);
      const { result } = await vanilla.encrypt(vanillaKeyring(), plaintext, {
        suiteId: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY,
        encryptionContext: context,
        frameLength,
      });

      const answer = await decrypted(result);

      expect(answer.equals(plaintext)).toBe(true);
    },
  );

  it.each([
    [
      'another suite',
      {
        suiteId:
          AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
      },
    ],
    ['frames above 1 MiB', { frameLength: MiB + 1 }],
  ])('is refused with %s', async (_what, options) => {
    const { result } = await vanilla.encrypt(vanillaKeyring(), Buffer.from('x'), {
      suiteId: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY,
      encryptionContext: context,
      ...options,
    });

    await expect(decrypted(result)).rejects.toMatchObject({ reason: 'NOT_ENCRYPTED' });
  });
});

describe('calls to KMS', () => {
  it('are one to encrypt many messages at once', async () => {
    const encryptor = createEncryptor({ ...key, grantTokens: ['token'] });
    const one = () => buffer(encryptor.encrypt(5)(Readable.from([Buffer.from('hello')])));

    await Promise.all([one(), one(), one()]);

    expect(kms.calls).toEqual([{ name: 'GenerateDataKey', context, grantTokens: ['token'] }]);
  });

  it('are one per distinct data key to decrypt many messages at once', async () => {
    const encryptor = createEncryptor(key);
    const one = () => buffer(encryptor.encrypt(5)(Readable.from([Buffer.from('hello')])));
    const messages = [await one(), await one(), await encrypted(Buffer.from('other key'))];
    const decryptor = createDecryptor(key);
    kms.calls.length = 0;

    await Promise.all(
      messages.map((message) => buffer(decryptor.decrypt(Readable.from([message])))),
    );

    expect(kms.calls.map(({ name }) => name)).toEqual(['Decrypt', 'Decrypt']);
  });

  it('derive different keys: the same plaintext twice is never the same message', async () => {
    const encryptor = createEncryptor(key);
    const one = () => buffer(encryptor.encrypt(5)(Readable.from([Buffer.from('hello')])));

    const [first, second] = [await one(), await one()];

    expect(first.subarray(-30).equals(second.subarray(-30))).toBe(false);
  });

  it.each(['AccessDeniedException', 'ThrottlingException', 'KMSInvalidStateException'])(
    'that end in %s come out as that error, on either side',
    async (name) => {
      const message = await encrypted(Buffer.from('x'));
      const failure = Object.assign(new Error('from KMS'), { name, $metadata: {} });
      kms.failure = failure;

      await expect(decrypted(message)).rejects.toBe(failure);
      await expect(encrypted(Buffer.from('x'))).rejects.toBe(failure);
    },
  );

  it('are tried again after one failed', async () => {
    const message = await encrypted(Buffer.from('x'));
    const decryptor = createDecryptor(key);
    kms.failure = new Error('for now');
    await expect(buffer(decryptor.decrypt(Readable.from([message])))).rejects.toThrow('for now');
    kms.failure = undefined;

    const answer = await buffer(decryptor.decrypt(Readable.from([message])));

    expect(answer.toString()).toBe('x');
  });
});

describe('a ciphertext at fault', () => {
  it.each([
    ['no bytes', Buffer.alloc(0)],
    ['two bytes', Buffer.from([2, 4])],
    ['plain text', Buffer.from('patient,visit\n1,2\n')],
    ['zeroes', Buffer.alloc(2 * MiB)],
  ])('is NOT_ENCRYPTED where it is %s, and KMS is not asked', async (_what, bytes) => {
    await expect(decrypted(bytes)).rejects.toMatchObject({ reason: 'NOT_ENCRYPTED' });

    expect(kms.calls).toEqual([]);
  });

  it.each([
    ['study', { place: { ...place, study: 'other' } }],
    ['batch', { place: { ...place, batchId: 'xxxxxxxxx' } }],
    ['kind', { kind: 'result' as const }],
    ['key', { keyArn: keyArn.replace('abcd', 'abce') }],
  ])('is WRONG_CONTEXT where it is of another %s, and KMS is not asked', async (_what, other) => {
    const message = await encrypted(Buffer.from('x'), { ...key, ...other });
    kms.calls.length = 0;

    await expect(decrypted(message)).rejects.toMatchObject({ reason: 'WRONG_CONTEXT' });
    expect(kms.calls).toEqual([]);
  });

  it('is TRUNCATED wherever it is cut', async () => {
    const message = await encrypted(randomBytes(2 * MiB));
    const body = bodyOffset(message);
    const cuts = [4, 60, body - 1, body, body + 3, body + 20, body + MiB, message.length - 1];

    for (const cut of cuts) {
      await expect(decrypted(message.subarray(0, cut))).rejects.toMatchObject({
        reason: 'TRUNCATED',
      });
    }
  });

  it('is refused wherever one bit of it is flipped, by the reason of the place', async () => {
    const message = await encrypted(randomBytes(MiB + 100));
    const body = bodyOffset(message);
    const at = {
      version: [0, 'NOT_ENCRYPTED'],
      messageId: [10, 'CORRUPT'],
      context: [50, 'WRONG_CONTEXT'],
      dataKey: [message.indexOf(keyArn) + keyArn.length + 40, 'CORRUPT'],
      commitment: [body - 30, 'CORRUPT'],
      headerTag: [body - 1, 'CORRUPT'],
      sequence: [body + 3, 'CORRUPT'],
      frame: [body + 5000, 'CORRUPT'],
      frameTag: [body + 16 + MiB + 3, 'CORRUPT'],
      finalMark: [body + 32 + MiB + 1, 'CORRUPT'],
      lastByte: [message.length - 1, 'CORRUPT'],
    } as const;

    for (const [offset, reason] of Object.values(at)) {
      const damaged = Buffer.from(message);
      damaged.writeUInt8(damaged.readUInt8(offset) ^ 1, offset);
      await expect(decrypted(damaged), String(offset)).rejects.toMatchObject({ reason });
    }
  });

  it('is CORRUPT where bytes follow its end or its frames are exchanged', async () => {
    const message = await encrypted(randomBytes(2 * MiB + 1));
    const body = bodyOffset(message);
    const frame = MiB + 32;
    const exchanged = Buffer.concat([
      message.subarray(0, body),
      message.subarray(body + frame, body + 2 * frame),
      message.subarray(body, body + frame),
      message.subarray(body + 2 * frame),
    ]);

    await expect(decrypted(exchanged)).rejects.toMatchObject({ reason: 'CORRUPT' });
    await expect(decrypted(Buffer.concat([message, Buffer.from('!')]))).rejects.toMatchObject({
      reason: 'CORRUPT',
    });
  });

  it('releases no byte of the frame that does not authenticate', async () => {
    const message = await encrypted(randomBytes(2 * MiB));
    message.writeUInt8(message.readUInt8(message.length - MiB) ^ 1, message.length - MiB);
    let released = 0;
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        released += chunk.length;
        done();
      },
    });

    const work = pipeline(Readable.from(chunks(message)), createDecryptor(key).decrypt, sink);

    await expect(work).rejects.toMatchObject({ reason: 'CORRUPT' });
    expect(released).toBe(MiB);
  });

  it('says what is wrong without a byte of it', async () => {
    const secret = Buffer.from('PATIENT-CANARY');

    const error: unknown = await decrypted(secret).catch((thrown: unknown) => thrown);

    expect(String(error)).not.toContain('CANARY');
  });
});

describe('a pipeline that fails elsewhere', () => {
  const broken = new Error('source broke');
  async function* breaking(bytes: Buffer) {
    yield* chunks(bytes);
    await Promise.resolve();
    throw broken;
  }

  it("passes the source's own error on, on either side", async () => {
    const message = await encrypted(randomBytes(MiB));

    const reading = buffer(createDecryptor(key).decrypt(breaking(message.subarray(0, MiB / 2))));
    const writing = buffer(createEncryptor(key).encrypt(2 * MiB)(breaking(randomBytes(MiB))));

    await expect(reading).rejects.toBe(broken);
    await expect(writing).rejects.toBe(broken);
  });

  it("passes the sink's own error on, lets the source go, on either side", async () => {
    const full = Object.assign(new Error('disk full'), { code: 'ENOSPC' });
    const sink = () => new Writable({ write: (_chunk, _encoding, done) => done(full) });
    const message = Readable.from(chunks(await encrypted(randomBytes(4 * MiB))));
    const plaintext = Readable.from(chunks(randomBytes(4 * MiB)));

    const reading = pipeline(message, createDecryptor(key).decrypt, sink());
    const writing = pipeline(plaintext, createEncryptor(key).encrypt(4 * MiB), sink());

    await expect(reading).rejects.toBe(full);
    await expect(writing).rejects.toBe(full);
    expect([message.destroyed, plaintext.destroyed]).toEqual([true, true]);
  });

  it('ends with a typed error where the plaintext is longer than was said', async () => {
    const encryptor = createEncryptor(key);

    const grown = buffer(encryptor.encrypt(10)(Readable.from([Buffer.alloc(11)])));
    const notEmpty = buffer(encryptor.encrypt(0)(Readable.from([Buffer.alloc(1)])));

    await expect(grown).rejects.toMatchObject({ code: 'PlaintextTooLongError' });
    await expect(notEmpty).rejects.toMatchObject({ code: 'PlaintextTooLongError' });
  });

  it('stops when it is aborted', async () => {
    const abort = new AbortController();
    async function* endless() {
      for (;;) {
        await Promise.resolve();
        yield Buffer.alloc(64 * 1024);
      }
    }
    const reason = new Error('stop');
    const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
    setTimeout(() => abort.abort(reason), 20);

    const work = pipeline(endless(), createEncryptor(key).encrypt(1e12), sink, {
      signal: abort.signal,
    });

    await expect(work).rejects.toMatchObject({ name: 'AbortError', cause: reason });
  });

  it('holds a fast source back while the sink is slow', async () => {
    let produced = 0;
    async function* source() {
      for (let count = 0; count < 64; count += 1) {
        await Promise.resolve();
        produced += MiB;
        yield Buffer.alloc(MiB);
      }
    }
    const sink = new Writable({ highWaterMark: 1, write: () => undefined });

    void pipeline(source(), createEncryptor(key).encrypt(64 * MiB), sink).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));

    expect(produced).toBeLessThan(6 * MiB);
    sink.destroy();
  });
});

describe('digestStream', () => {
  it('passes bytes on and knows length and SHA-256 at the end, not before', async () => {
    const digest = digestStream();
    const before = () => digest.digest;
    expect(before).toThrow('at the end');
    const bytes: Buffer[] = [];

    await pipeline(Readable.from([Buffer.from('ab'), Buffer.from('c')]), digest, async (source) => {
      for await (const chunk of source as AsyncIterable<Buffer>) bytes.push(chunk);
    });

    expect(Buffer.concat(bytes).toString()).toBe('abc');
    expect(digest.digest).toEqual({
      sizeBytes: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
  });
});
