/**
 * What `bench/ingest.ts` measures against, in a process of its own, so that whoever is measured has the
 * event loop for itself: an MQTT broker without a rule, queues, tables, an S3 on files, and the messages.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { buffer } from 'node:stream/consumers';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Aedes } from 'aedes';
import dynalite from 'dynalite';
import { startFauxqs } from 'fauxqs';
import { connectAsync } from 'mqtt';
import * as z from 'zod';
import { type QueuedMessage, visibilitySeconds } from '../ingest/model/queued-message.ts';
import { FleetPlan } from '../ingest/simulate/fleet-plan.ts';
import { simulateFleet } from '../ingest/simulate/simulate-fleet.ts';
import { createLedgerTable } from '../test/ledger/ledger-table.ts';
import { createSensorTables, deviceId } from '../test/ledger/sensors/sensor-tables.ts';

/** What {@link BenchRequest}s are about: messages of so many devices, of the day before. */
export const devices = Array.from({ length: 20 }, (_, index) => deviceId(index + 1));

export const local = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
};

/** What the process says first. */
export const BenchServices = z.object({
  messages: z.int(),
  /** Of all payloads, as devices made them. */
  bytes: z.int(),
  mqtt: z.url(),
  s3: z.url(),
  dynamodb: z.url(),
  sqs: z.url(),
  drained: z.url(),
  polled: z.url(),
  deadLetters: z.url(),
});
export type BenchServices = z.infer<typeof BenchServices>;

/** Sends every message once: to the broker, or to a queue. Answered with `done`. */
export const BenchRequest = z.enum(['publish', 'fill-drained', 'fill-polled']);
export type BenchRequest = z.infer<typeof BenchRequest>;

interface Published {
  readonly device: string;
  readonly topic: string;
  readonly payload: Buffer;
}

function makeMessages(messages: number): Published[] {
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const plan = FleetPlan.parse({
    study: 'czarhipaa',
    seed: 4,
    devices: devices.map((device) => ({ device, everySeconds: 60 })),
    startsAt: Date.parse(day),
    lastsMs: 86_400_000,
    messages,
  });
  return [...simulateFleet(plan).messages()];
}

async function listen(server: Pick<Server, 'listen' | 'address'>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** S3, as far as a poll asks it: PUT. */
async function put(
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = join(root, new URL(request.url ?? '', 'http://localhost').pathname);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await buffer(request), { flag: 'wx' });
  response.setHeader('etag', '"bench"').end();
}

async function fill(
  sqs: SQSClient,
  QueueUrl: string,
  messages: readonly Published[],
): Promise<void> {
  const receivedAt = Date.now();
  for (let at = 0; at < messages.length; at += 10) {
    const Entries = messages.slice(at, at + 10).map(({ device, payload }, index) => {
      const queued: QueuedMessage = {
        payload: payload.toString('base64'),
        device,
        receivedAt,
        principal: 'bench',
      };
      return { Id: String(index), MessageBody: JSON.stringify(queued) };
    });
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
}

/** One client with QoS 1, as many messages under way as its window takes. */
async function publish(url: string, messages: readonly Published[]): Promise<void> {
  const client = await connectAsync(url, { clientId: 'publisher' });
  const rest = messages.values();
  const some = async (): Promise<void> => {
    for (const { topic, payload } of rest) await client.publishAsync(topic, payload, { qos: 1 });
  };
  await Promise.all(Array.from({ length: 100 }, some));
  await client.endAsync();
}

async function serve(count: number): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'ingest-bench-'));
  const messages = makeMessages(count);
  const broker = await Aedes.createBroker();
  const mqtt = `mqtt://${await listen(createTcpServer(broker.handle))}`;
  const s3 = createServer((request, response) => {
    put(root, request, response).catch((error: unknown) => {
      process.stderr.write(`S3 failed: ${String(error)}\n`);
      response.destroy();
    });
  });
  const tables = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const endpoints = {
    s3: `http://${await listen(s3)}`,
    dynamodb: `http://${await listen(tables)}`,
  };
  const dynamodb = new DynamoDBClient({ ...local, endpoint: endpoints.dynamodb });
  await createLedgerTable(dynamodb);
  await createSensorTables(dynamodb);
  const queues = await startFauxqs({ port: 0, logger: false });
  const endpoint = `http://127.0.0.1:${queues.port}`;
  const sqs = new SQSClient({ ...local, endpoint, useQueueUrlAsEndpoint: false });
  const createQueue = async (QueueName: string): Promise<string> => {
    const Attributes = { VisibilityTimeout: String(visibilitySeconds) };
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    return QueueUrl ?? '';
  };
  const services: BenchServices = {
    ...endpoints,
    messages: messages.length,
    bytes: messages.reduce((total, { payload }) => total + payload.length, 0),
    mqtt,
    sqs: endpoint,
    drained: await createQueue('drained'),
    polled: await createQueue('polled'),
    deadLetters: await createQueue('dead'),
  };
  const answers: Readonly<Record<BenchRequest, () => Promise<void>>> = {
    publish: () => publish(mqtt, messages),
    'fill-drained': () => fill(sqs, services.drained, messages),
    'fill-polled': () => fill(sqs, services.polled, messages),
  };
  process.on('message', (request) => {
    void answers[BenchRequest.parse(request)]().then(() => process.send?.('done'));
  });
  process.on('disconnect', () => {
    void rm(root, { recursive: true, force: true }).then(() => process.exit());
  });
  process.send?.(services);
}

if (process.send !== undefined) await serve(Number(process.argv[2]));
