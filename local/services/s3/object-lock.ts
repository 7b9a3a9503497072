import { ApiError } from '../../api.ts';
import type { Bucket } from './bucket.ts';
import { authorizeObject } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import type { Retention, StoredObject } from './stored-object.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const MODE = 'x-amz-object-lock-mode';
const UNTIL = 'x-amz-object-lock-retain-until-date';
const LEGAL_HOLD = 'x-amz-object-lock-legal-hold';

/** Headers that lock a new object. */
export const lockHeaders = [MODE, UNTIL, LEGAL_HOLD] as const;

/** How a version is locked. */
export type ObjectLock = Pick<StoredObject, 'retention' | 'legalHold'>;

/**
 * Reads a mode and a date that a version is to be kept until.
 *
 * @throws ApiError InvalidArgument
 */
export function readRetention(mode: string, until: string, now: Date): Retention {
  if (mode !== 'COMPLIANCE' && mode !== 'GOVERNANCE') {
    throw new ApiError('InvalidArgument', 'Unknown wormMode directive.');
  }
  const date = new Date(until);
  if (Number.isNaN(date.getTime()) || date <= now) {
    throw new ApiError('InvalidArgument', 'The retain until date must be in the future!');
  }
  return { mode, until: date };
}

/** @throws ApiError InvalidRequest for a bucket that cannot lock objects. */
export function requireObjectLock(bucket: Bucket): void {
  if (!bucket.settings.objectLock) {
    throw new ApiError('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
}

function defaultRetention(bucket: Bucket, now: Date): Retention | undefined {
  const { defaultRetention: rule } = bucket.settings;
  return rule && { mode: rule.mode, until: new Date(now.getTime() + rule.days * DAY_MS) };
}

/** Condition keys for the lock that a request asks for. */
function lockConditions({ retention, legalHold }: ObjectLock, now: Date) {
  return {
    's3:object-lock-mode': retention?.mode,
    's3:object-lock-retain-until-date': retention?.until.toISOString(),
    's3:object-lock-remaining-retention-days':
      retention && Math.ceil((retention.until.getTime() - now.getTime()) / DAY_MS),
    's3:object-lock-legal-hold': legalHold ? 'ON' : undefined,
  };
}

/**
 * The lock that a request asks for, which needs rights of its own, else the bucket's default.
 *
 * @throws ApiError InvalidRequest, InvalidArgument, AccessDenied
 */
export function requestedLock(exchange: S3Exchange, bucket: Bucket, key: string): ObjectLock {
  const { request, call } = exchange;
  const [mode, until, hold] = lockHeaders.map((name) => request.header(name));
  if (mode !== undefined || until !== undefined || hold !== undefined) requireObjectLock(bucket);
  if ((mode === undefined) !== (until === undefined)) {
    throw new ApiError('InvalidArgument', `${UNTIL} and ${MODE} must both be supplied`);
  }
  const asked: ObjectLock = {
    legalHold: hold === 'ON',
    ...(mode !== undefined &&
      until !== undefined && { retention: readRetention(mode, until, call.time) }),
  };
  const conditions = lockConditions(asked, call.time);
  if (asked.retention) authorizeObject(exchange, bucket, key, 'PutObjectRetention', conditions);
  if (hold !== undefined) authorizeObject(exchange, bucket, key, 'PutObjectLegalHold', conditions);
  return { ...asked, retention: asked.retention ?? defaultRetention(bucket, call.time) };
}

const locked = (): ApiError =>
  new ApiError('AccessDenied', 'Access Denied because object protected by object lock.', 403);

/** Whether the caller asks to go past a GOVERNANCE lock and may. @throws ApiError AccessDenied */
function bypassesGovernance(exchange: S3Exchange, bucket: Bucket, key: string): boolean {
  if (exchange.request.header('x-amz-bypass-governance-retention') !== 'true') return false;
  authorizeObject(exchange, bucket, key, 'BypassGovernanceRetention');
  return true;
}

/**
 * Refuses to delete a version that is locked.
 *
 * @throws ApiError AccessDenied: for COMPLIANCE and legal holds to everyone, the account's root included.
 */
export function requireUnlocked(exchange: S3Exchange, bucket: Bucket, object: StoredObject): void {
  const { retention, legalHold, key } = object;
  if (legalHold) throw locked();
  if (!retention || retention.until <= exchange.call.time) return;
  if (retention.mode === 'COMPLIANCE' || !bypassesGovernance(exchange, bucket, key)) throw locked();
}

/**
 * Refuses to loosen a lock: to end it earlier, or to take a COMPLIANCE one for a GOVERNANCE one.
 *
 * @throws ApiError AccessDenied
 */
export function requireNotLoosened(
  exchange: S3Exchange,
  bucket: Bucket,
  object: StoredObject,
  next: Retention,
): void {
  const { retention, key } = object;
  if (!retention || retention.until <= exchange.call.time) return;
  const isLooser =
    next.until < retention.until || (retention.mode === 'COMPLIANCE' && next.mode === 'GOVERNANCE');
  if (!isLooser) return;
  if (retention.mode === 'COMPLIANCE' || !bypassesGovernance(exchange, bucket, key)) throw locked();
}
