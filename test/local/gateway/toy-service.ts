import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { ApiRequest, ApiResponse, Call, Protocol, Service } from '../../../local/api.ts';

/** What a toy service heard. */
export interface Heard {
  readonly url: URL;
  readonly bodySha256: string;
  readonly bodyBytes: number;
}

async function digest(request: ApiRequest): Promise<Heard> {
  const hash = createHash('sha256');
  let bodyBytes = 0;
  await pipeline(request.body, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bodyBytes += chunk.length;
    }
  });
  return { url: request.url, bodySha256: hash.digest('hex'), bodyBytes };
}

/** A service that reads each body, asks for one action on one resource, and answers what it is told to. */
export function toyService(
  signingName: string,
  protocol: Protocol,
  answer: (heard: Heard, call: Call) => ApiResponse | Promise<ApiResponse>,
  options: { readonly asks?: boolean } = {},
): Service & { readonly heard: Heard[] } {
  const heard: Heard[] = [];
  return {
    signingName,
    protocol,
    resources: [],
    heard,
    handle: async (request, call) => {
      const what = await digest(request);
      heard.push(what);
      call.record({
        eventName: 'Toy',
        readOnly: true,
        requestParameters: { path: what.url.pathname },
        resources: [{ ARN: 'arn:aws:toy:::box', type: 'AWS::Toy::Box' }],
      });
      if (options.asks !== false) {
        call.authorize({ action: `${signingName}:Toy`, resource: 'arn:aws:toy:::box' });
      }
      return answer(what, call);
    },
  };
}
