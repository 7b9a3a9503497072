import { ApiError, type ApiResponse, type Call } from '../../api.ts';
import type { S3Exchange } from './s3-cloud.ts';
import type { S3Request } from './s3-request.ts';

/** One operation of S3: which requests are it, what they may say, and what it does. */
export interface Operation {
  readonly name: string;
  /** What CloudTrail calls it where that differs. */
  readonly eventName?: string;
  readonly level: 'service' | 'bucket' | 'object';
  readonly method: string;
  /** The query parameter whose presence makes a request this operation. */
  readonly selector?: string;
  /** The header whose presence does. */
  readonly selectorHeader?: string;
  /** Further query parameters. Any other is refused by name. */
  readonly query?: readonly string[];
  /** Headers with a meaning to S3, in lower case. Any other is refused by name; `*` ends a prefix. */
  readonly headers?: readonly string[];
  readonly readOnly: boolean;
  /** True for what CloudTrail counts among the data events: all that works on objects. */
  readonly dataEvent: boolean;
  run(exchange: S3Exchange): Promise<ApiResponse> | ApiResponse;
}

/** Parameters of every request: the SDK's hint which operation it is, and a presigned URL's signature. */
const commonQuery = /^(?:x-id|X-Amz-[A-Za-z-]+)$/;

/** Headers of every request. */
const commonHeaders = new Set([
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-expected-bucket-owner',
  'x-amz-security-token',
  'x-amz-user-agent',
]);

/** Headers that ask S3 for something. All others are transport, and S3 ignores them, too. */
const meaningful = /^(?:x-amz-|if-|range$)/;

function levelOf(request: S3Request): Operation['level'] {
  if (request.key !== '') return 'object';
  return request.bucketName === '' ? 'service' : 'bucket';
}

function selects(operation: Operation, request: S3Request): boolean {
  const { selector, selectorHeader } = operation;
  return (
    (selector === undefined || request.query.has(selector)) &&
    (selectorHeader === undefined || request.header(selectorHeader) !== undefined)
  );
}

const notImplemented = (what: string): ApiError =>
  new ApiError('NotImplemented', `S3 ${what} is not supported by the embedded cloud`, 501);

/**
 * The operation that a request is. Of several that fit, the first counts.
 *
 * @throws ApiError NotImplemented naming method and query where there is none.
 */
export function findOperation(operations: readonly Operation[], request: S3Request): Operation {
  const level = levelOf(request);
  const found = operations.find(
    (operation) =>
      operation.level === level &&
      operation.method === request.method &&
      selects(operation, request),
  );
  if (!found) {
    const query = [...request.query.keys()].filter((name) => !commonQuery.test(name));
    const suffix = query.length > 0 ? ` with ?${query.join('&')}` : '';
    throw notImplemented(`${request.method} of a ${level}${suffix}`);
  }
  return found;
}

/**
 * Refuses what an operation would otherwise have to ignore.
 *
 * @throws ApiError NotImplemented naming the parameter or header.
 */
export function refuseUnsupported(operation: Operation, request: S3Request): void {
  const { name, selector, selectorHeader, query = [], headers = [] } = operation;
  for (const parameter of request.query.keys()) {
    const known =
      parameter === selector || query.includes(parameter) || commonQuery.test(parameter);
    if (!known) throw notImplemented(`${name}: parameter ${parameter}`);
  }
  for (const header of request.headerNames) {
    const known =
      !meaningful.test(header) ||
      commonHeaders.has(header) ||
      header === selectorHeader ||
      headers.some((one) =>
        one.endsWith('*') ? header.startsWith(one.slice(0, -1)) : header === one,
      );
    if (!known) throw notImplemented(`${name}: header ${header}`);
  }
}

/** Headers that the access log holds: which key, which condition, where from. Metadata is not among them. */
const loggedHeaders = [
  'if-match',
  'if-none-match',
  'x-amz-copy-source',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
];

/** Tells the access log what is asked, before it is known whether it is allowed. */
export function recordOperation(
  operation: Operation,
  { bucketName, key, query, header }: S3Request,
  call: Call,
): void {
  const arn = `arn:aws:s3:::${bucketName}`;
  const parameters = [operation.selector ?? '', ...(operation.query ?? [])]
    .filter((name) => query.has(name) && !name.startsWith('response-'))
    .map((name) => [name, query.get(name) ?? ''] as const);
  const headers = loggedHeaders
    .filter((name) => header(name) !== undefined)
    .map((name) => [name, header(name) ?? ''] as const);
  call.record({
    eventName: operation.eventName ?? operation.name,
    readOnly: operation.readOnly,
    dataEvent: operation.dataEvent,
    requestParameters: {
      ...(bucketName !== '' && { bucketName }),
      ...(key !== '' && { key }),
      ...Object.fromEntries([...parameters, ...headers]),
    },
    resources: [
      ...(key === '' ? [] : [{ ARN: `${arn}/${key}`, type: 'AWS::S3::Object' }]),
      ...(bucketName === '' ? [] : [{ ARN: arn, type: 'AWS::S3::Bucket' }]),
    ],
  });
}
