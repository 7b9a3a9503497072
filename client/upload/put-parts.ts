import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { PartialUpload } from './journal.ts';
import type { StoredPart } from './journal-lines.ts';
import { readPart } from './read-part.ts';
import { KeyTakenError, type Sending } from './sending.ts';

/** Where the parts that the bucket has are noted, so that an interrupted upload sends the others only. */
export interface PartLog {
  readonly partial: () => PartialUpload | undefined;
  readonly begin: (uploadId: string, partBytes: number) => void;
  readonly stored: (part: StoredPart) => void;
}

/** An object to store under a key that must not exist. */
export interface Put {
  readonly bucket: string;
  readonly key: string;
  /** A spooled file, complete and unchanging. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  /** Left out for what is small enough to be sent again whole. */
  readonly log?: PartLog;
  /** Told of bytes that the bucket has. */
  readonly onSent?: (sizeBytes: number) => void;
}

/**
 * Stores an object in parts, and goes on with an upload that was interrupted.
 *
 * Only the completion creates an object, so it alone carries `If-None-Match`; S3 would take it with
 * no other request. The parts of an upload that is given up are removed by the bucket's lifecycle.
 */
export async function putParts(
  sending: Sending,
  put: Put,
  wantedPartBytes: number,
  earlier: PartialUpload | undefined,
): Promise<void> {
  const upload = earlier ?? (await begin(sending, put, wantedPartBytes));
  const { partBytes } = upload;
  const stored = new Map(upload.parts);
  const failed = new AbortController();
  const signal = AbortSignal.any([put.signal, failed.signal]);
  const one = async (partNumber: number): Promise<void> => {
    const offset = (partNumber - 1) * partBytes;
    if (!stored.has(partNumber)) {
      const part = await sendPart(sending, put, { ...upload, partNumber, offset, signal });
      put.log?.stored(part);
      stored.set(partNumber, part);
    }
    put.onSent?.(Math.min(partBytes, put.sizeBytes - offset));
  };
  const numbers = Array.from({ length: Math.ceil(put.sizeBytes / partBytes) }, (_, at) => at + 1);
  // All are waited for, so that nothing goes on behind a failure.
  await Promise.allSettled(
    numbers.map((partNumber) => one(partNumber).catch((error: unknown) => failed.abort(error))),
  );
  failed.signal.throwIfAborted();
  await complete(sending, put, upload.uploadId, stored);
}

async function begin(
  sending: Sending,
  { bucket, key, signal, log }: Put,
  partBytes: number,
): Promise<PartialUpload> {
  const { UploadId: uploadId } = await sending.send(signal, () =>
    sending.s3.send(
      new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ChecksumAlgorithm: 'CRC32' }),
      { abortSignal: signal },
    ),
  );
  if (uploadId === undefined) throw new Error('CreateMultipartUpload answered without an id');
  log?.begin(uploadId, partBytes);
  return { uploadId, partBytes, parts: new Map() };
}

interface Part {
  readonly uploadId: string;
  readonly partBytes: number;
  readonly partNumber: number;
  readonly offset: number;
  readonly signal: AbortSignal;
}

async function sendPart(
  sending: Sending,
  { bucket, key, path }: Put,
  { uploadId, partBytes, partNumber, offset, signal }: Part,
): Promise<StoredPart> {
  const { ETag: etag, ChecksumCRC32: crc32 } = await sending.send(signal, async () => {
    const Body = await readPart(path, offset, partBytes);
    return sending.s3.send(
      new UploadPartCommand({
        Bucket: bucket,
        Key: key,
        UploadId: uploadId,
        PartNumber: partNumber,
        Body,
        ChecksumAlgorithm: 'CRC32',
      }),
      { abortSignal: signal },
    );
  });
  if (etag === undefined) throw new Error('UploadPart answered without an ETag');
  return { partNumber, etag, crc32 };
}

async function complete(
  sending: Sending,
  { bucket, key, signal }: Put,
  uploadId: string,
  parts: ReadonlyMap<number, StoredPart>,
): Promise<void> {
  const { s3 } = sending;
  const target = { Bucket: bucket, Key: key, UploadId: uploadId };
  const Parts = [...parts.values()]
    .sort((a, b) => a.partNumber - b.partNumber)
    .map(({ partNumber, etag, crc32 }) => ({
      PartNumber: partNumber,
      ETag: etag,
      ChecksumCRC32: crc32,
    }));
  const command = new CompleteMultipartUploadCommand({
    ...target,
    MultipartUpload: { Parts },
    IfNoneMatch: '*',
  });
  try {
    await sending.send(signal, () => s3.send(command, { abortSignal: signal }));
  } catch (error) {
    // The object is there, so these parts are nobody's; if this fails, the lifecycle removes them.
    if (error instanceof KeyTakenError) {
      await s3.send(new AbortMultipartUploadCommand(target)).catch(() => undefined);
    }
    throw error;
  }
}
