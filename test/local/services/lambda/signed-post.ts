import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { SessionCredentials } from '../../../../local/api.ts';

class Sha256 {
  readonly #hash;

  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }

  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new Error('not needed to sign');
  }
}

/** Sends a signed POST, for services whose SDK client is not among the dependencies. */
export async function signedPost(
  endpoint: string,
  service: string,
  credentials: SessionCredentials,
  request: { path: string; headers?: Record<string, string>; body: string },
): Promise<Response> {
  const url = new URL(request.path, endpoint);
  const signer = new SignatureV4({
    service,
    region: 'us-east-1',
    credentials,
    sha256: Sha256 as never,
  });
  const signed = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, ...request.headers },
    body: request.body,
  });
  return fetch(url, { method: 'POST', headers: signed.headers, body: request.body });
}
