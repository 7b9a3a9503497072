import * as z from 'zod';
import { ApiError, type ApiResponse } from '../../api.ts';
import type { Bucket } from './bucket.ts';
import { requestedVersion } from './get-object.ts';
import { bodyHeaders, readText } from './incoming-body.ts';
import { readRetention, requireNotLoosened, requireObjectLock } from './object-lock.ts';
import type { Operation } from './operation.ts';
import { authorizeObject, missingObject, requestedBucket } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import type { StoredObject } from './stored-object.ts';
import { readXml, writeXml } from './xml.ts';

const MAX_XML_BYTES = 4096;

const RetentionBody = z.strictObject({ Mode: z.string(), RetainUntilDate: z.string() });
const LegalHoldBody = z.strictObject({ Status: z.enum(['ON', 'OFF']) });

function lockableObject(exchange: S3Exchange, bucket: Bucket): StoredObject {
  const { key } = exchange.request;
  requireObjectLock(bucket);
  const versionId = requestedVersion(exchange);
  const found = versionId === undefined ? bucket.current(key) : bucket.version(key, versionId);
  if (found?.kind !== 'object') throw missingObject(exchange, bucket, key, versionId);
  return found;
}

function notLocked(): ApiError {
  return new ApiError(
    'NoSuchObjectLockConfiguration',
    'The specified object does not have a ObjectLock configuration',
    404,
  );
}

function xml(root: string, content: Readonly<Record<string, string>>): ApiResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml(root, content),
  };
}

function getRetention(exchange: S3Exchange): ApiResponse {
  const bucket = requestedBucket(exchange);
  authorizeObject(exchange, bucket, exchange.request.key, 'GetObjectRetention');
  const { retention } = lockableObject(exchange, bucket);
  if (!retention) throw notLocked();
  return xml('Retention', {
    Mode: retention.mode,
    RetainUntilDate: retention.until.toISOString(),
  });
}

async function putRetention(exchange: S3Exchange): Promise<ApiResponse> {
  const { request, call } = exchange;
  const bucket = requestedBucket(exchange);
  const text = await readText(request, MAX_XML_BYTES);
  const body = readXml(text, 'Retention', [], RetentionBody);
  authorizeObject(exchange, bucket, request.key, 'PutObjectRetention', {
    's3:object-lock-mode': body.Mode,
    's3:object-lock-retain-until-date': body.RetainUntilDate,
  });
  const object = lockableObject(exchange, bucket);
  const next = readRetention(body.Mode, body.RetainUntilDate, call.time);
  requireNotLoosened(exchange, bucket, object, next);
  object.retention = next;
  return { status: 200 };
}

function getLegalHold(exchange: S3Exchange): ApiResponse {
  const bucket = requestedBucket(exchange);
  authorizeObject(exchange, bucket, exchange.request.key, 'GetObjectLegalHold');
  return xml('LegalHold', { Status: lockableObject(exchange, bucket).legalHold ? 'ON' : 'OFF' });
}

async function putLegalHold(exchange: S3Exchange): Promise<ApiResponse> {
  const bucket = requestedBucket(exchange);
  const text = await readText(exchange.request, MAX_XML_BYTES);
  const { Status } = readXml(text, 'LegalHold', [], LegalHoldBody);
  authorizeObject(exchange, bucket, exchange.request.key, 'PutObjectLegalHold', {
    's3:object-lock-legal-hold': Status,
  });
  lockableObject(exchange, bucket).legalHold = Status === 'ON';
  return { status: 200 };
}

const getting = {
  level: 'object',
  method: 'GET',
  query: ['versionId'],
  readOnly: true,
  dataEvent: true,
} as const;

const putting = {
  level: 'object',
  method: 'PUT',
  query: ['versionId'],
  readOnly: false,
  dataEvent: true,
} as const;

/** What shows and changes the lock of one version. */
export const lockOperations: readonly Operation[] = [
  { ...getting, name: 'GetObjectRetention', selector: 'retention', run: getRetention },
  {
    ...putting,
    name: 'PutObjectRetention',
    selector: 'retention',
    headers: [...bodyHeaders, 'x-amz-bypass-governance-retention'],
    run: putRetention,
  },
  { ...getting, name: 'GetObjectLegalHold', selector: 'legal-hold', run: getLegalHold },
  {
    ...putting,
    name: 'PutObjectLegalHold',
    selector: 'legal-hold',
    headers: bodyHeaders,
    run: putLegalHold,
  },
];
