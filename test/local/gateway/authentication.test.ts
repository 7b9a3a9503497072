import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Protocol } from '../../../local/api.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { presign, send, sign, type RawRequest, type Signing } from './signed-request.ts';
import { region, startToyCloud, type ToyCloud } from './toy-cloud.ts';
import { toyService } from './toy-service.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const minute = 60_000;

const services: Readonly<Record<string, Protocol>> = {
  kms: 'json',
  ses: 'rest-json',
  sns: 'query',
  ec2: 'ec2-query',
  s3: 'rest-xml',
};

let clock: VirtualClock;
let cloud: ToyCloud;

beforeEach(async () => {
  clock = new VirtualClock(now);
  cloud = await startToyCloud(clock);
  cloud.role('caller', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
  for (const [name, protocol] of Object.entries(services))
    cloud.serve(toyService(name, protocol, () => ({ status: 200, body: 'done' })));
});

afterEach(() => cloud.stop());

function signing(service: string, changes: Partial<Signing> = {}): Signing {
  const { endpoint, credentials } = cloud.as('caller');
  return { endpoint, service, region, credentials, signingDate: now, ...changes };
}

const put: RawRequest = {
  method: 'PUT',
  path: '/bucket/key',
  headers: { 'x-amz-meta-a': 'b' },
  body: 'data',
};

/** The code of an error, whichever protocol wrote it. */
function codeOf(body: string): string {
  return /"__type":"(\w+)"/.exec(body)?.[1] ?? /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? body;
}

describe('a signed request', () => {
  it.each(Object.keys(services))('is served by %s when the signature fits', async (service) => {
    const answer = await send(cloud.gateway.endpoint, await sign(signing(service), put));

    expect(answer).toEqual({ status: 200, body: 'done' });
  });

  it.each<[string, (request: RawRequest) => RawRequest]>([
    ['body', (request) => ({ ...request, body: 'dato' })],
    ['path', (request) => ({ ...request, path: '/bucket/kez' })],
    ['query', (request) => ({ ...request, query: { versionId: '1' } })],
    ['method', (request) => ({ ...request, method: 'POST' })],
    [
      'signed header',
      (request) => ({ ...request, headers: { ...request.headers, 'x-amz-meta-a': 'c' } }),
    ],
    [
      'unsigned x-amz- header',
      (request) => ({ ...request, headers: { ...request.headers, 'x-amz-acl': 'public-read' } }),
    ],
    [
      'signature',
      (request) => ({
        ...request,
        headers: {
          ...request.headers,
          authorization: (request.headers?.authorization ?? '').replace(/.$/, (last) =>
            last === '0' ? '1' : '0',
          ),
        },
      }),
    ],
  ])('is refused when its %s was changed on the way', async (_what, change) => {
    const inMemory = await send(cloud.gateway.endpoint, change(await sign(signing('kms'), put)));
    const streamed = await send(cloud.gateway.endpoint, change(await sign(signing('s3'), put)));

    expect([inMemory.status, codeOf(inMemory.body)]).toEqual([400, 'InvalidSignatureException']);
    expect(streamed.status).toBeGreaterThanOrEqual(400);
    expect(codeOf(streamed.body)).toMatch(/^(SignatureDoesNotMatch|XAmzContentSHA256Mismatch)$/);
  });

  it.each([
    ['kms', 'UnrecognizedClientException', 400],
    ['ses', 'UnrecognizedClientException', 403],
    ['sns', 'InvalidClientTokenId', 403],
    ['ec2', 'AuthFailure', 401],
    ['s3', 'InvalidAccessKeyId', 403],
  ])('with a key that nobody has is refused by %s as %s', async (service, code, status) => {
    const base = signing(service);
    const credentials = { ...base.credentials, accessKeyId: 'ASIANOBODYHASTHISKEY' };

    const answer = await send(base.endpoint, await sign({ ...base, credentials }, put));

    expect([codeOf(answer.body), answer.status]).toEqual([code, status]);
  });

  it.each([
    ['kms', 'UnrecognizedClientException'],
    ['sns', 'InvalidClientTokenId'],
    ['s3', 'InvalidToken'],
  ])('with the token of another session is refused by %s as %s', async (service, code) => {
    const base = signing(service);
    const { sessionToken } = cloud.as('caller').credentials;

    const answer = await send(
      base.endpoint,
      await sign({ ...base, credentials: { ...base.credentials, sessionToken } }, put),
    );

    expect(codeOf(answer.body)).toBe(code);
  });

  it.each([
    ['kms', 'ExpiredTokenException'],
    ['ses', 'ExpiredTokenException'],
    ['sns', 'ExpiredToken'],
    ['ec2', 'RequestExpired'],
    ['s3', 'ExpiredToken'],
  ])('of a session that is over is refused by %s as %s', async (service, code) => {
    const base = signing(service);
    await clock.advance(61 * minute);

    const answer = await send(
      base.endpoint,
      await sign({ ...base, signingDate: clock.now() }, put),
    );

    expect(codeOf(answer.body)).toBe(code);
  });

  it.each([
    ['kms', 'InvalidSignatureException'],
    ['sns', 'SignatureDoesNotMatch'],
    ['ec2', 'RequestExpired'],
    ['s3', 'RequestTimeTooSkewed'],
  ])('whose clock is off by more than 15 minutes is refused by %s as %s', async (service, code) => {
    const late = signing(service, { signingDate: new Date(now.getTime() - 16 * minute) });
    const early = signing(service, { signingDate: new Date(now.getTime() + 16 * minute) });
    const almost = signing(service, { signingDate: new Date(now.getTime() - 14 * minute) });

    const answers = await Promise.all(
      [late, early, almost].map(async (one) => send(one.endpoint, await sign(one, put))),
    );

    expect(answers.map(({ status, body }) => (status === 200 ? 'served' : codeOf(body)))).toEqual([
      code,
      code,
      'served',
    ]);
  });

  it('of another region, of a service that is not there, or of nobody is refused', async () => {
    const elsewhere = signing('s3', { region: 'eu-west-1' });
    const unknown = signing('glacier');

    const answers = [
      await send(elsewhere.endpoint, await sign(elsewhere, put)),
      await send(unknown.endpoint, await sign(unknown, put)),
      await send(elsewhere.endpoint, put),
    ];

    expect(answers.map(({ body }) => codeOf(body))).toEqual([
      'AuthorizationHeaderMalformed',
      'UnknownOperationException',
      'AccessDenied',
    ]);
  });

  it('of a terminated instance is refused', async () => {
    const { endpoint, credentials } = cloud.as('caller', {
      instance: { instanceId: 'i-1', vpcId: 'vpc-1' },
    });
    cloud.iam.sessions.revokeInstance('i-1');

    const answer = await send(
      endpoint,
      await sign({ endpoint, service: 'kms', region, credentials, signingDate: now }, put),
    );

    expect(codeOf(answer.body)).toBe('UnrecognizedClientException');
  });
});

describe('a presigned URL', () => {
  const get: RawRequest = { method: 'GET', path: '/bucket/a%20key' };

  it('is served by S3 until it expires', async () => {
    const base = signing('s3');
    const url = await presign(base, get, 300);

    const inTime = await send(base.endpoint, url);
    await clock.advance(301_000);
    const late = await send(base.endpoint, url);

    expect(inTime.status).toBe(200);
    expect([late.status, codeOf(late.body)]).toEqual([403, 'AccessDenied']);
  });

  it('is good for no other key', async () => {
    const base = signing('s3');
    const url = await presign(base, get, 300);

    const answer = await send(base.endpoint, { ...url, path: '/bucket/another' });

    expect(codeOf(answer.body)).toBe('SignatureDoesNotMatch');
  });

  it('is not possible for another service', async () => {
    const base = signing('kms');

    const answer = await send(base.endpoint, await presign(base, get, 300));

    expect(answer.status).toBe(501);
  });
});
