import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { SignatureV4 } from '@smithy/signature-v4';
import type { SessionCredentials } from '../../../local/api.ts';

type Source = string | ArrayBuffer | ArrayBufferView;

function bytes(source: Source): string | Uint8Array {
  if (typeof source === 'string') return source;
  if (!ArrayBuffer.isView(source)) return new Uint8Array(source);
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

/** SHA-256 in the form that the signer wants. */
class Sha256 {
  readonly #hash;

  constructor(secret?: Source) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }

  update(data: Source): void {
    this.#hash.update(bytes(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

export interface Signing {
  readonly endpoint: string;
  readonly service: string;
  readonly region: string;
  readonly credentials: SessionCredentials;
  readonly signingDate?: Date;
}

function signer({ service, region, credentials }: Signing): SignatureV4 {
  return new SignatureV4({
    service,
    region,
    credentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      sessionToken: credentials.sessionToken,
    },
    sha256: Sha256,
    uriEscapePath: service !== 's3',
  });
}

function httpRequest(endpoint: string, raw: RawRequest) {
  const url = new URL(endpoint);
  return {
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    method: raw.method,
    path: raw.path,
    query: raw.query ?? {},
    headers: { host: url.host, ...raw.headers },
    body: raw.body,
  };
}

/** Signs a request with AWS's own signer. What the caller then changes breaks the signature. */
export async function sign(signing: Signing, raw: RawRequest): Promise<RawRequest> {
  const { signingDate } = signing;
  const signed = await signer(signing).sign(
    httpRequest(signing.endpoint, raw),
    signingDate === undefined ? {} : { signingDate },
  );
  return { ...raw, headers: signed.headers };
}

/** Presigns a URL. */
export async function presign(
  signing: Signing,
  raw: RawRequest,
  expiresIn: number,
): Promise<RawRequest> {
  const { signingDate } = signing;
  const base = httpRequest(signing.endpoint, raw);
  const signed = await signer(signing).presign(
    { ...base, headers: { host: base.headers.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    { expiresIn, ...(signingDate === undefined ? {} : { signingDate }) },
  );
  return {
    ...raw,
    query: signed.query as Record<string, string>,
    headers: { host: base.headers.host },
  };
}

/** Sends a request exactly as it is. */
export function send(
  endpoint: string,
  { method, path, query = {}, headers = {}, body }: RawRequest,
): Promise<RawAnswer> {
  const search = Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const url = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: url.hostname,
        port: url.port,
        method,
        path: search === '' ? path : `${path}?${search}`,
        headers,
      },
      (incoming) => {
        text(incoming).then(
          (answer) => resolve({ status: incoming.statusCode ?? 0, body: answer }),
          reject,
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
