import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ApiError, type ApiResponse } from '../../api.ts';
import {
  checksumAlgorithms,
  checksumElement,
  compositeChecksum,
  type Checksum,
} from './checksum.ts';
import { commitObject, discard } from './commit-object.ts';
import { readText } from './incoming-body.ts';
import { decryptFor } from './object-encryption.ts';
import type { Operation } from './operation.ts';
import {
  requireWritable,
  writeConditionHeaders,
  writeConditionKeys,
  writePrecondition,
} from './preconditions.ts';
import { creationHeaders } from './put-object.ts';
import { authorizeObject, requestedBucket } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import type { Part, Upload } from './upload-list.ts';
import { readXml, writeXml } from './xml.ts';

const MAX_PARTS = 10_000;
const MIN_PART_BYTES = 5 * 1024 ** 2;
const MAX_XML_BYTES = 4 * 1024 * 1024;

const ListedPart = z.strictObject({
  PartNumber: z.coerce.number().int().min(1).max(MAX_PARTS),
  ETag: z.string().transform((etag) => etag.replace(/^"(.*)"$/, '$1')),
  ChecksumCRC32: z.string().optional(),
  ChecksumCRC32C: z.string().optional(),
  ChecksumSHA1: z.string().optional(),
  ChecksumSHA256: z.string().optional(),
});

const CompleteBody = z.strictObject({ Part: z.array(ListedPart).min(1).max(MAX_PARTS) });

const invalidPart = (number: number): ApiError =>
  new ApiError(
    'InvalidPart',
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    400,
    { PartNumber: String(number) },
  );

/** The part that the client means, if it is the one that arrived. */
function matchingPart(upload: Upload, listed: z.output<typeof ListedPart>): Part {
  const part = upload.parts.get(listed.PartNumber);
  if (part?.md5.toString('hex') !== listed.ETag) throw invalidPart(listed.PartNumber);
  for (const algorithm of checksumAlgorithms) {
    const claimed = listed[checksumElement(algorithm)];
    const actual = part.checksum?.algorithm === algorithm ? part.checksum.value : undefined;
    if (claimed !== undefined && claimed !== actual) throw invalidPart(listed.PartNumber);
    if (claimed === undefined && upload.algorithm === algorithm) {
      const name = algorithm.toLowerCase();
      throw new ApiError(
        'InvalidRequest',
        `The upload was created using a ${name} checksum. The complete request must include the checksum for each part. It was missing for part ${listed.PartNumber} in the request.`,
      );
    }
  }
  return part;
}

/** @throws ApiError InvalidPartOrder, InvalidPart, EntityTooSmall */
function matchingParts(upload: Upload, body: z.output<typeof CompleteBody>): readonly Part[] {
  const isSorted = body.Part.every(
    ({ PartNumber }, index) => PartNumber > (body.Part[index - 1]?.PartNumber ?? 0),
  );
  if (!isSorted) {
    throw new ApiError(
      'InvalidPartOrder',
      'The list of parts was not in ascending order. Parts must be ordered by part number.',
    );
  }
  const parts = body.Part.map((listed) => matchingPart(upload, listed));
  const tooSmall = parts.slice(0, -1).find((part) => part.blob.size < MIN_PART_BYTES);
  if (tooSmall) {
    throw new ApiError(
      'EntityTooSmall',
      'Your proposed upload is smaller than the minimum allowed size',
      400,
      {
        PartNumber: String(tooSmall.number),
        ProposedSize: String(tooSmall.blob.size),
        MinSizeAllowed: String(MIN_PART_BYTES),
      },
    );
  }
  return parts;
}

function checksumOf({ algorithm }: Upload, parts: readonly Part[]): Checksum | undefined {
  return (
    algorithm &&
    compositeChecksum(
      algorithm,
      parts.map((part) => part.checksum?.value ?? ''),
    )
  );
}

function etagOf(parts: readonly Part[]): string {
  const md5 = createHash('md5');
  for (const part of parts) md5.update(part.md5);
  return `${md5.digest('hex')}-${String(parts.length)}`;
}

async function completeMultipartUpload(exchange: S3Exchange): Promise<ApiResponse> {
  const { cloud, request } = exchange;
  const { key } = request;
  const bucket = requestedBucket(exchange);
  authorizeObject(exchange, bucket, key, 'PutObject', {
    ...writeConditionKeys(request),
    's3:ObjectCreationOperation': true,
  });
  const precondition = writePrecondition(request);
  const uploadId = request.query.get('uploadId') ?? '';
  const watch = bucket.watch(key);
  try {
    const text = await readText(request, MAX_XML_BYTES);
    const body = readXml(text, 'CompleteMultipartUpload', ['Part'], CompleteBody);
    // From here until the upload ends nothing waits, so it cannot change or be completed twice.
    const upload = cloud.uploads.get(bucket, key, uploadId);
    const parts = matchingParts(upload, body);
    requireWritable(bucket, key, precondition);
    decryptFor(exchange, bucket, key, upload.encryption);
    const checksum = checksumOf(upload, parts);
    const { stored, replaced } = commitObject(
      exchange,
      { bucket, key, precondition, reason: 'CompleteMultipartUpload' },
      watch,
      {
        ...upload.description,
        ...upload.lock,
        blob: cloud.blobs.concatenate(parts.map((part) => part.blob)),
        etag: etagOf(parts),
        checksum,
        encryption: upload.encryption,
      },
    );
    cloud.uploads.end(upload);
    await discard(cloud.blobs, replaced);
    const unused = [...upload.parts.values()].filter((part) => !parts.includes(part));
    for (const part of unused) await cloud.blobs.release(part.blob);

    return {
      status: 200,
      headers: { 'content-type': 'application/xml', ...creationHeaders(stored) },
      body: writeXml('CompleteMultipartUploadResult', {
        Location: `${cloud.surroundings.endpoint()}/${bucket.name}/${encodeURIComponent(key)}`,
        Bucket: bucket.name,
        Key: key,
        ETag: `"${stored.etag}"`,
        ...(checksum && {
          [checksumElement(checksum.algorithm)]: checksum.value,
          ChecksumType: checksum.type,
        }),
      }),
    };
  } finally {
    watch.end();
  }
}

/** Makes one object of the parts of an upload; no byte is copied. */
export const completeUploadOperation: Operation = {
  name: 'CompleteMultipartUpload',
  level: 'object',
  method: 'POST',
  selector: 'uploadId',
  headers: writeConditionHeaders,
  readOnly: false,
  dataEvent: true,
  run: completeMultipartUpload,
};
