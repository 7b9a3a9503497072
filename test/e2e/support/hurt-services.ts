import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ApiError, type ApiRequest, type Call, type Service } from '../../../local/api.ts';
import type { EmbeddedCloud } from '../../../local/cloud.ts';
import { tagKeys } from '../../../workflow/model/tags.ts';

/** Stands before a service: answers the request to hand on, or throws what the caller is to get. */
type Gate = (request: ApiRequest, call: Call) => ApiRequest | Promise<ApiRequest>;

/** Puts a gate before a service of the cloud, for good. The policies are asked behind it. */
function standBefore({ services }: EmbeddedCloud, signingName: string, gate: Gate): void {
  const service = services.all.find((one) => one.signingName === signingName);
  if (service === undefined) throw new Error(`there is no service ${signingName}`);
  const handle = service.handle.bind(service);
  const gated: Service['handle'] = async (request, call) => handle(await gate(request, call), call);
  Object.assign(service, { handle: gated });
}

/** The batch whose worker calls; undefined for anybody else. */
export function batchOfCaller({ services }: EmbeddedCloud, { caller }: Call): string | undefined {
  const instance = services.ec2.fleet
    .all()
    .find(({ instanceId }) => instanceId === caller.instance?.instanceId);
  return instance?.tags.instance[tagKeys.batch];
}

/** What a service in trouble answers. */
export const trouble = {
  throttled: new ApiError('ThrottlingException', 'Rate exceeded', 400),
  slowDown: new ApiError('SlowDown', 'Please reduce your request rate.', 503),
} as const;

/**
 * Makes services answer trouble to the workers of some batches, for so many seconds from the first
 * such call of a batch on. Answers how many calls they refused, by service.
 */
export function troubleWorkers(
  cloud: EmbeddedCloud,
  batches: ReadonlySet<string>,
  services: Readonly<Record<string, ApiError>>,
  seconds: number,
): ReadonlyMap<string, number> {
  const refused = new Map<string, number>();
  const ends = new Map<string, number>();
  for (const [name, error] of Object.entries(services)) {
    standBefore(cloud, name, (request, call) => {
      const batch = batchOfCaller(cloud, call) ?? '';
      // An instance that boots gets its software from S3, too, by a client of its own.
      if (!batches.has(batch) || request.url.pathname.includes('/artifacts/')) return request;
      const key = `${batch} ${name}`;
      const end = ends.get(key) ?? performance.now() + seconds * 1000;
      ends.set(key, end);
      if (performance.now() > end) return request;
      refused.set(name, (refused.get(name) ?? 0) + 1);
      throw error;
    });
  }
  return refused;
}

/** Makes messages that are given back come again after a second, not after the worker's five to twenty. */
export function hurryQueues(cloud: EmbeddedCloud): void {
  standBefore(cloud, 'sqs', async (request) => {
    const target = String(request.headers['x-amz-target']);
    if (!target.endsWith('.ChangeMessageVisibility')) return request;
    const input = JSON.parse(await text(request.body)) as { VisibilityTimeout: number };
    const VisibilityTimeout = input.VisibilityTimeout > 20 ? input.VisibilityTimeout : 1;
    return { ...request, body: Readable.from([JSON.stringify({ ...input, VisibilityTimeout })]) };
  });
}
