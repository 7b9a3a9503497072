import { randomUUID } from 'node:crypto';
import type { Answer, Request } from './fake-aws.ts';

/** One request to S3. */
export interface S3Call {
  readonly operation: string;
  /** Bucket and key. */
  readonly place: string;
  readonly ifNoneMatch: string | undefined;
  readonly partNumber: number | undefined;
  readonly sizeBytes: number;
}

/** A bucket store in memory that knows conditional writes and multipart uploads, path-style. */
export class FakeS3 {
  readonly calls: S3Call[] = [];
  /** By bucket and key. */
  readonly objects = new Map<string, Buffer>();
  readonly uploads = new Map<string, Map<number, Buffer>>();
  /** Answers instead of the store, before or after it did what was asked. */
  before: (call: S3Call) => Answer | undefined | Promise<Answer | undefined> = () => undefined;
  after: (call: S3Call) => Answer | undefined = () => undefined;

  async handle(request: Request): Promise<Answer> {
    const call = read(request);
    this.calls.push(call);
    return (await this.before(call)) ?? this.#answer(call, request);
  }

  #answer(call: S3Call, request: Request): Answer {
    const answer = this.#run(call, request);
    return this.after(call) ?? answer;
  }

  #run({ operation, place, ifNoneMatch, partNumber }: S3Call, { url, body }: Request): Answer {
    const uploadId = url.searchParams.get('uploadId') ?? '';
    const parts = this.uploads.get(uploadId);
    switch (operation) {
      case 'PutObject':
        return this.#store(place, body, ifNoneMatch);
      case 'CreateMultipartUpload': {
        const id = randomUUID();
        this.uploads.set(id, new Map());
        return xml(
          `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
        );
      }
      case 'UploadPart':
        if (parts === undefined) return error(404, 'NoSuchUpload');
        parts.set(partNumber ?? 0, body);
        return { status: 200, headers: { ETag: etag(body) } };
      case 'CompleteMultipartUpload': {
        if (parts === undefined) return error(404, 'NoSuchUpload');
        const listed = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)];
        const pieces = listed.map(([, number]) => parts.get(Number(number)));
        if (pieces.some((piece) => piece === undefined)) return error(400, 'InvalidPart');
        const answer = this.#store(place, Buffer.concat(pieces as Buffer[]), ifNoneMatch);
        if (answer === 'drop' || answer.status !== 200) return answer;
        this.uploads.delete(uploadId);
        return xml('<CompleteMultipartUploadResult/>');
      }
      case 'AbortMultipartUpload':
        this.uploads.delete(uploadId);
        return { status: 204 };
      case 'GetObject': {
        const found = this.objects.get(place);
        return found === undefined ? error(404, 'NoSuchKey') : { status: 200, body: found };
      }
      default:
        return error(501, 'NotImplemented');
    }
  }

  #store(place: string, body: Buffer, ifNoneMatch: string | undefined): Answer {
    if (ifNoneMatch !== '*') return error(403, 'AccessDenied');
    if (this.objects.has(place)) return error(412, 'PreconditionFailed');
    this.objects.set(place, body);
    return { status: 200, headers: { ETag: etag(body) } };
  }
}

function read({ method, url, headers, body }: Request): S3Call {
  const part = url.searchParams.get('partNumber');
  return {
    operation: operationOf(method, url.searchParams),
    place: decodeURIComponent(url.pathname.slice(1)),
    ifNoneMatch: headers['if-none-match'],
    partNumber: part === null ? undefined : Number(part),
    sizeBytes: body.length,
  };
}

function operationOf(method: string, query: URLSearchParams): string {
  if (query.has('uploads')) return 'CreateMultipartUpload';
  if (query.has('uploadId')) {
    if (method === 'PUT') return 'UploadPart';
    return method === 'POST' ? 'CompleteMultipartUpload' : 'AbortMultipartUpload';
  }
  return method === 'PUT' ? 'PutObject' : method === 'GET' ? 'GetObject' : method;
}

export function error(status: number, code: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<Error><Code>${code}</Code><Message>John Doe may not read this</Message></Error>`,
  };
}

function xml(body: string): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

function etag(body: Buffer): string {
  return `"${body.length}"`;
}
