/**
 * Measures how fast one poller is, beside the least that anybody could do with the same messages: see
 * the text of `--help` below. Ends with 1 where one of the three has not had every message.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { connectAsync } from 'mqtt';
import { observationFilter } from '../ingest/model/topic.ts';
import { pollerPace } from '../ingest/poller/poller-pace.ts';
import { poll } from '../ingest/poller/poll.ts';
import type { PollerDeps } from '../ingest/poller/poller-deps.ts';
import { assign } from '../ledger/sensors/assignments.ts';
import { registerDevice } from '../ledger/sensors/devices.ts';
import { assignmentTable, sensorTable } from '../ledger/sensors/sensor-tables.ts';
import { createPatience } from '../runtime/patience.ts';
import { FakeKms, keyArn } from '../test/envelope/fake-kms.ts';
import { subject } from '../test/ledger/sensors/sensor-tables.ts';
import { type BenchRequest, BenchServices, devices, local } from './ingest-services.ts';

const help = `node bench/ingest.ts [options]

Measures the throughput of one poller of the sensor ingest, and, on the same messages in the same run,
of a bare MQTT subscriber (a broker without a rule, QoS 1) and of a bare SQS drain (receive and delete,
nothing else, as many at once as the poller). Broker, queues, tables and S3 are emulators in a second
process. A day of 20 simulated devices; every tenth message has ten seconds of ECG.

  --messages <n>   (default: 10000)
  --help           this text

MB are of payloads as devices made them. The last line on stdout is one JSON object.`;

/** How long something took over all messages, and of how many it can tell. */
interface Measured {
  readonly seconds: number;
  readonly messages: number;
}

async function ask(services: ChildProcess, request: BenchRequest): Promise<void> {
  services.send(request);
  await once(services, 'message');
}

/** From the first message that comes to the last one. */
async function subscribe(
  services: ChildProcess,
  { mqtt, messages }: BenchServices,
): Promise<Measured> {
  const client = await connectAsync(mqtt, { clientId: 'subscriber' });
  await client.subscribeAsync(observationFilter('czarhipaa'), { qos: 1 });
  let came = 0;
  let first = 0;
  const last = new Promise<number>((resolve) => {
    client.on('message', () => {
      came += 1;
      if (came === 1) first = performance.now();
      if (came === messages) resolve(performance.now());
    });
  });
  const published = ask(services, 'publish');
  const seconds = ((await last) - first) / 1000;
  await published;
  await client.endAsync();
  return { seconds, messages: came };
}

/** From the first receive to the answer to the last deletion. */
async function drain({ sqs: endpoint, drained: QueueUrl }: BenchServices): Promise<Measured> {
  const sqs = new SQSClient({ ...local, endpoint, useQueueUrlAsEndpoint: false });
  const began = performance.now();
  let removed = 0;
  const some = async (): Promise<void> => {
    for (;;) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
      );
      if (Messages.length === 0) return;
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle,
      }));
      const { Failed = [] } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      removed += Messages.length - Failed.length;
    }
  };
  await Promise.all(Array.from({ length: 8 }, some));
  return { seconds: (performance.now() - began) / 1000, messages: removed };
}

/** The same of a poll, which then looks for more in vain, and ends. */
async function pollOnce(
  services: BenchServices,
  spool: string,
): Promise<Measured & { wholeSeconds: number; objects: number }> {
  const times: { first?: number; last?: number } = {};
  const deps = pollerDeps(services, spool, times);
  const from = new Date(Date.now() - 4 * 86_400_000);
  for (const [index, device] of devices.entries()) {
    await registerDevice(deps.sensors, { device, everySeconds: 60 }, from);
    await assign(deps.assignments, { device, subject: subject(index + 1), from });
  }
  const began = performance.now();
  const never = new AbortController().signal;
  const { stored, objects } = await poll({ maxSeconds: 3_600, seal: [] }, never, deps);
  const { first = 0, last = 0 } = times;
  const wholeSeconds = (performance.now() - began) / 1000;
  return { seconds: (last - first) / 1000, messages: stored, wholeSeconds, objects };
}

/** As the poller's agent has them, but for clients that find the emulators. */
function pollerDeps(
  { s3, sqs, dynamodb, polled, deadLetters }: BenchServices,
  spoolDirectory: string,
  times: { first?: number; last?: number },
): PollerDeps {
  const tables = new DynamoDBClient({ ...local, endpoint: dynamodb });
  const queue = new SQSClient({ ...local, endpoint: sqs, useQueueUrlAsEndpoint: false });
  queue.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'ReceiveMessageCommand') times.first ??= performance.now();
        const answer = await next(args);
        if (commandName === 'DeleteMessageBatchCommand') times.last = performance.now();
        return answer;
      },
    { step: 'initialize' },
  );
  return {
    settings: {
      study: 'czarhipaa',
      region: local.region,
      inputBucket: 'input',
      ancillaryBucket: 'ancillary',
      ledgerTable: 'ledger',
      sensorTable: 'sensors',
      assignmentTable: 'assignments',
      dataKeyArn: keyArn,
      queueUrl: polled,
      deadLetterQueueUrl: deadLetters,
      // No day becomes due while this runs.
      sealAfterHours: 168,
      agentSha256: '0'.repeat(64),
    },
    s3: new S3Client({ ...local, endpoint: s3, forcePathStyle: true }),
    sqs: queue,
    sfn: new SFNClient(local),
    kms: new FakeKms().client,
    ledger: { client: tables, name: 'ledger' },
    sensors: sensorTable(tables, 'sensors'),
    assignments: assignmentTable(tables, 'assignments'),
    workbench: 'i-0123456789abcdef0',
    spoolDirectory,
    pace: pollerPace,
    patience: createPatience(300),
    randomByte: () => randomBytes(1).readUInt8(),
    now: () => new Date(),
    log: () => undefined,
  };
}

async function measure(count: number): Promise<boolean> {
  const child = fork(new URL('ingest-services.ts', import.meta.url), [String(count)]);
  const spool = await mkdtemp(join(tmpdir(), 'ingest-bench-spool-'));
  try {
    const [said] = (await once(child, 'message')) as [unknown];
    const services = BenchServices.parse(said);
    const mqtt = await subscribe(child, services);
    await ask(child, 'fill-drained');
    const sqs = await drain(services);
    await ask(child, 'fill-polled');
    const poller = await pollOnce(services, spool);
    tell(services, { mqtt, sqs, poller });
    return [mqtt, sqs, poller].every(({ messages }) => messages === services.messages);
  } finally {
    child.disconnect();
    await rm(spool, { recursive: true, force: true });
  }
}

function tell(
  { messages, bytes }: BenchServices,
  measured: Record<'mqtt' | 'sqs', Measured> & {
    poller: Awaited<ReturnType<typeof pollOnce>>;
  },
): void {
  const rates = ({ seconds }: Measured) => ({
    seconds: rounded(seconds),
    messagesPerSecond: Math.round(messages / seconds),
    MBPerSecond: rounded(bytes / 1e6 / seconds),
  });
  const { mqtt, sqs, poller } = measured;
  const figures = {
    'bare MQTT subscriber': rates(mqtt),
    'bare SQS drain': rates(sqs),
    'one poller': rates(poller),
  };
  const lines = Object.entries(figures).map(([name, figure]) =>
    [name.padEnd(22), ...Object.values(figure).map((value) => String(value).padStart(12))].join(''),
  );
  const head = `${' '.repeat(22)}${['seconds', 'messages/s', 'MB/s'].map((name) => name.padStart(12)).join('')}`;
  process.stdout.write(`${[head, ...lines].join('\n')}\n`);
  const report = {
    messages,
    MB: rounded(bytes / 1e6),
    devices: devices.length,
    mqtt: figures['bare MQTT subscriber'],
    sqs: figures['bare SQS drain'],
    poller: {
      ...figures['one poller'],
      wholeSeconds: rounded(poller.wholeSeconds),
      objects: poller.objects,
    },
    missing: {
      mqtt: messages - mqtt.messages,
      sqs: messages - sqs.messages,
      poller: messages - poller.messages,
    },
    node: process.version,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(`${help}\n`);
} else if (!/^[1-9][0-9]{1,6}$/.test(values.messages)) {
  process.stderr.write('--messages must be a number from 10 to 9999999\n');
  process.exitCode = 2;
} else {
  process.exitCode = (await measure(Number(values.messages))) ? 0 : 1;
}
