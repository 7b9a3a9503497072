import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KMSClient, ListAliasesCommand } from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPatience } from '../../runtime/patience.ts';

let server: Server;
/** What the service answers, one after the other; the last again and again. */
let answers: { status: number; type?: string; date?: Date }[];
let calls: number;

beforeEach(async () => {
  calls = 0;
  server = createServer((request, response) => {
    request.resume();
    const { status, type, date } = answers[Math.min(calls, answers.length - 1)]!;
    calls += 1;
    if (date !== undefined) response.setHeader('date', date.toUTCString());
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ __type: type, Aliases: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A second of patience's own time is a millisecond; how long it lasts is real. */
function call(patience = createPatience(1, 1)): Promise<unknown> {
  const kms = new KMSClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    retryStrategy: patience.retryStrategy,
  });
  return kms.send(new ListAliasesCommand({}));
}

const throttled = { status: 400, type: 'ThrottlingException' };
const broken = { status: 500, type: 'KMSInternalException' };
const denied = { status: 400, type: 'AccessDeniedException' };
const fine = { status: 200 };
const anHourAgo = new Date(Date.now() - 3_600_000);

describe('patience', () => {
  it.each([
    ['throttles', throttled],
    ['fails on its side', broken],
    ['is not available', { status: 503 }],
  ])('outlasts a service that %s, longer than the SDK would', async (_what, trouble) => {
    answers = [...Array<typeof trouble>(9).fill(trouble), fine];

    await call();

    expect(calls).toBe(10);
  });

  it('comes to its end', async () => {
    answers = [throttled];

    await expect(call(createPatience(0.1, 1))).rejects.toMatchObject({
      name: 'ThrottlingException',
    });
  });

  it('has none for a refusal', async () => {
    answers = [denied];

    await expect(call()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(calls).toBe(1);
  });

  it('tries a refusal once more where the clock is off by an hour, and then believes it', async () => {
    answers = [{ ...denied, date: anHourAgo }];

    await expect(call()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(calls).toBe(2);
  });

  it('lets the SDK set its clock by a service that finds it an hour off', async () => {
    answers = [{ status: 400, type: 'InvalidSignatureException', date: anHourAgo }, fine];

    await call();

    expect(calls).toBe(2);
  });

  it('is cut short by the end of the work, but for the few tries that an answer needs', async () => {
    answers = [throttled];
    const stop = new AbortController();
    const patience = createPatience(3600);
    patience.endWith(stop.signal);
    const began = performance.now();
    const waiting = call(patience).catch((error: unknown) => error);
    while (calls < 2) await new Promise((resolve) => setTimeout(resolve, 10));

    stop.abort();

    expect(await waiting).toMatchObject({ name: 'ThrottlingException' });
    expect(performance.now() - began).toBeLessThan(4_500);
    expect(calls).toBeLessThanOrEqual(6);
  });
});
