import type { ApiResponse } from '../../api.ts';
import { checksumElement } from './checksum.ts';
import { compareKeys } from './key-order.ts';
import { readLimit } from './list-parameters.ts';
import type { Operation } from './operation.ts';
import { authorizeBucket, authorizeObject, requestedBucket } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import { writeXml } from './xml.ts';

function listParts(exchange: S3Exchange): ApiResponse {
  const { cloud, request } = exchange;
  const { key } = request;
  const bucket = requestedBucket(exchange);
  authorizeObject(exchange, bucket, key, 'ListMultipartUploadParts');
  const upload = cloud.uploads.get(bucket, key, request.query.get('uploadId') ?? '');
  const limit = readLimit(request, 'max-parts');
  const marker = Number(request.query.get('part-number-marker') ?? 0);
  const rest = [...upload.parts.values()]
    .filter((part) => part.number > marker)
    .sort((left, right) => left.number - right.number);
  const shown = rest.slice(0, limit);
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml('ListPartsResult', {
      Bucket: bucket.name,
      Key: key,
      UploadId: upload.uploadId,
      PartNumberMarker: marker,
      NextPartNumberMarker: shown.at(-1)?.number ?? 0,
      MaxParts: limit,
      IsTruncated: rest.length > shown.length,
      StorageClass: 'STANDARD',
      ChecksumAlgorithm: upload.algorithm,
      ChecksumType: upload.algorithm && 'COMPOSITE',
      Part: shown.map((part) => ({
        PartNumber: part.number,
        LastModified: part.lastModified.toISOString(),
        ETag: `"${part.md5.toString('hex')}"`,
        Size: part.blob.size,
        ...(part.checksum && { [checksumElement(part.checksum.algorithm)]: part.checksum.value }),
      })),
    }),
  };
}

function listUploads(exchange: S3Exchange): ApiResponse {
  const { cloud, request } = exchange;
  const bucket = requestedBucket(exchange);
  authorizeBucket(exchange, bucket, 'ListBucketMultipartUploads');
  const limit = readLimit(request, 'max-uploads');
  const prefix = request.query.get('prefix') ?? '';
  const keyMarker = request.query.get('key-marker') ?? '';
  const idMarker = request.query.get('upload-id-marker');
  const uploads = cloud.uploads.of(bucket).filter(({ key }) => key.startsWith(prefix));
  const marked = uploads.findIndex(
    ({ key, uploadId }) => key === keyMarker && uploadId === idMarker,
  );
  const rest =
    marked >= 0
      ? uploads.slice(marked + 1)
      : uploads.filter(({ key }) => keyMarker === '' || compareKeys(key, keyMarker) > 0);
  const shown = rest.slice(0, limit);
  const isTruncated = rest.length > shown.length;
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml('ListMultipartUploadsResult', {
      Bucket: bucket.name,
      Prefix: prefix,
      KeyMarker: keyMarker,
      UploadIdMarker: idMarker ?? '',
      NextKeyMarker: isTruncated ? shown.at(-1)?.key : undefined,
      NextUploadIdMarker: isTruncated ? shown.at(-1)?.uploadId : undefined,
      MaxUploads: limit,
      IsTruncated: isTruncated,
      Upload: shown.map((upload) => ({
        Key: upload.key,
        UploadId: upload.uploadId,
        Initiator: { ID: upload.initiator, DisplayName: upload.initiator },
        StorageClass: 'STANDARD',
        Initiated: upload.initiatedAt.toISOString(),
        ChecksumAlgorithm: upload.algorithm,
      })),
    }),
  };
}

/** What lists multipart uploads under way, and the parts of one. */
export const listUploadOperations: readonly Operation[] = [
  {
    name: 'ListParts',
    level: 'object',
    method: 'GET',
    selector: 'uploadId',
    query: ['max-parts', 'part-number-marker'],
    readOnly: true,
    dataEvent: true,
    run: listParts,
  },
  {
    name: 'ListMultipartUploads',
    level: 'bucket',
    method: 'GET',
    selector: 'uploads',
    query: ['prefix', 'key-marker', 'upload-id-marker', 'max-uploads'],
    readOnly: true,
    dataEvent: false,
    run: listUploads,
  },
];
