import { Readable } from 'node:stream';
import type { ApiResponse, Call } from '../../../local/api.ts';
import type { EmbeddedCloud } from '../../../local/cloud.ts';

/** A request as an SDK's client hands it to whoever sends it. */
interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** Somebody whom every policy allows everything: not even the auditor is this. */
const anybody: Call = {
  requestId: 'from-inside',
  caller: {
    accountId: '111122223333',
    principalArn: 'arn:aws:iam::111122223333:root',
    type: 'Root',
    identityPolicies: [],
  },
  time: new Date(),
  authorize: () => undefined,
  authorizeVia: () => undefined,
  needsNoPermission: () => undefined,
  record: () => undefined,
};

/**
 * Makes the configuration of a client that asks a service past the gateway and past the policies, and
 * leaves nothing in the access log: for a test to look at what nobody may see.
 */
export function fromInside({ services, region }: EmbeddedCloud, signingName: string) {
  const service = services.all.find((one) => one.signingName === signingName);
  if (service === undefined) throw new Error(`there is no service ${signingName}`);
  const handle = async ({ method, path, query = {}, headers, body = '' }: SdkRequest) => {
    const url = new URL(path, 'http://127.0.0.1');
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    // Of its bytes themselves: it warns of whoever asks it for more.
    const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.copyBytesFrom(body);
    const request = { method, url, headers, body: Readable.from([bytes]) };
    return { response: sdkResponse(await service.handle(request, anybody)) };
  };
  return {
    region,
    endpoint: 'http://127.0.0.1',
    credentials: { accessKeyId: 'inside', secretAccessKey: 'inside' },
    maxAttempts: 1,
    requestHandler: { handle },
  };
}

function sdkResponse({ status, headers = {}, body = '' }: ApiResponse) {
  const stream = body instanceof Readable ? body : Readable.from([Buffer.from(body)]);
  return { statusCode: status, headers: { ...headers }, body: stream };
}
