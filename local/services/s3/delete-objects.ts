import * as z from 'zod';
import { ApiError, type ApiResponse } from '../../api.ts';
import type { Bucket } from './bucket.ts';
import { discard } from './commit-object.ts';
import { bodyHeaders, readText } from './incoming-body.ts';
import { requireUnlocked } from './object-lock.ts';
import type { Operation } from './operation.ts';
import { authorizeObject, requestedBucket } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import { readXml, writeXml } from './xml.ts';

const MAX_KEYS = 1000;
const MAX_XML_BYTES = 2 * 1024 * 1024;

/** What a deletion did: the version that is gone, or the marker that now hides the object. */
interface Deletion {
  readonly isMarker: boolean;
  readonly versionId?: string;
}

async function deleteOne(
  exchange: S3Exchange,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): Promise<Deletion> {
  const { cloud, call } = exchange;
  if (versionId === undefined) {
    authorizeObject(exchange, bucket, key, 'DeleteObject');
    const { marker, removed } = bucket.delete(key, call.time);
    const event = marker ?? removed;
    if (event) cloud.events.deleted(call, bucket, event, marker !== undefined);
    await discard(cloud.blobs, removed);
    return { isMarker: marker !== undefined, versionId: marker?.versionId };
  }
  authorizeObject(exchange, bucket, key, 'DeleteObjectVersion', { 's3:VersionId': versionId });
  const version = bucket.version(key, versionId);
  if (version?.kind === 'object') requireUnlocked(exchange, bucket, version);
  const removed = bucket.deleteVersion(key, versionId);
  if (removed) cloud.events.deleted(call, bucket, removed, false);
  await discard(cloud.blobs, removed);
  return { isMarker: removed?.kind === 'delete-marker', versionId };
}

async function deleteObject(exchange: S3Exchange): Promise<ApiResponse> {
  const { request } = exchange;
  const bucket = requestedBucket(exchange);
  const versionId = request.query.get('versionId') ?? undefined;
  const deletion = await deleteOne(exchange, bucket, request.key, versionId);
  return {
    status: 204,
    headers: {
      ...(deletion.isMarker && { 'x-amz-delete-marker': 'true' }),
      ...(deletion.versionId !== undefined && { 'x-amz-version-id': deletion.versionId }),
    },
  };
}

const DeleteBody = z.strictObject({
  Object: z
    .array(z.strictObject({ Key: z.string().min(1), VersionId: z.string().optional() }))
    .min(1)
    .max(MAX_KEYS),
  Quiet: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
});

async function deleteObjects(exchange: S3Exchange): Promise<ApiResponse> {
  const bucket = requestedBucket(exchange);
  const text = await readText(exchange.request, MAX_XML_BYTES);
  const wanted = readXml(text, 'Delete', ['Object'], DeleteBody);
  const deleted: Record<string, string | boolean | undefined>[] = [];
  const errors: Record<string, string | undefined>[] = [];
  for (const { Key, VersionId } of wanted.Object) {
    try {
      const { isMarker, versionId } = await deleteOne(exchange, bucket, Key, VersionId);
      deleted.push({
        Key,
        VersionId,
        ...(isMarker && { DeleteMarker: true, DeleteMarkerVersionId: versionId }),
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      errors.push({ Key, VersionId, Code: error.code, Message: error.message });
    }
  }
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml('DeleteResult', { Deleted: wanted.Quiet ? [] : deleted, Error: errors }),
  };
}

/** What deletes objects, one or many. Each is authorized by itself. */
export const deleteOperations: readonly Operation[] = [
  {
    name: 'DeleteObject',
    level: 'object',
    method: 'DELETE',
    query: ['versionId'],
    headers: ['x-amz-bypass-governance-retention'],
    readOnly: false,
    dataEvent: true,
    run: deleteObject,
  },
  {
    name: 'DeleteObjects',
    level: 'bucket',
    method: 'POST',
    selector: 'delete',
    headers: [...bodyHeaders, 'x-amz-bypass-governance-retention'],
    readOnly: false,
    dataEvent: true,
    run: deleteObjects,
  },
];
