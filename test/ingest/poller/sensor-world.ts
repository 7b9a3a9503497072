import { mkdtemp, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import dynalite from 'dynalite';
import { startFauxqs } from 'fauxqs';
import { createDecryptor } from '../../../envelope/decryptor.ts';
import type { PollReply } from '../../../ingest/model/poll-command.ts';
import type { QueuedMessage } from '../../../ingest/model/queued-message.ts';
import type { SensorBatch } from '../../../ingest/model/sensor-items.ts';
import type { SensorMessage } from '../../../ingest/model/sensor-message.ts';
import { SensorObjectHeader, SensorRecord } from '../../../ingest/model/sensor-object.ts';
import type { PollerDeps } from '../../../ingest/poller/poller-deps.ts';
import { poll } from '../../../ingest/poller/poll.ts';
import { assign } from '../../../ledger/sensors/assignments.ts';
import { listSensorBatches } from '../../../ledger/sensors/batches.ts';
import { registerDevice } from '../../../ledger/sensors/devices.ts';
import { assignmentTable, sensorTable } from '../../../ledger/sensors/sensor-tables.ts';
import type { Table } from '../../../ledger/table.ts';
import { createLog } from '../../../runtime/log.ts';
import { createPatience } from '../../../runtime/patience.ts';
import { inputKey } from '../../../workflow/model/keys.ts';
import { createLedgerTable } from '../../ledger/ledger-table.ts';
import { createSensorTables, deviceId, subject } from '../../ledger/sensors/sensor-tables.ts';
import { startTestCloud, type TestCloud } from '../../local/services/s3/test-cloud.ts';
import { FakeSfn } from '../../worker/fake-sfn.ts';
import { Wire } from '../../worker/wire.ts';

export const study = 'czarhipaa';
const local = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
};

/** A record, and the batch that it was found in. */
export interface StoredRecord extends SensorRecord {
  readonly batch: SensorBatch;
}

/** A poller's process: what it calls passes a wire of its own. */
export interface TestPoller {
  readonly deps: PollerDeps;
  readonly wire: Wire;
  /** Receipt handles of what it received. */
  readonly handles: string[];
  poll(
    command?: { maxSeconds?: number; seal?: string[] },
    signal?: AbortSignal,
  ): Promise<PollReply>;
}

/** Everything outside of a poller: embedded S3 and KMS, DynamoDB's and SQS's emulators. */
export class SensorWorld {
  readonly sfn = new FakeSfn();
  readonly lines: string[] = [];
  /** The time of pollers; AWS's clock stamps messages by it, too. */
  now = new Date('2026-05-04T10:00:00.000Z');
  readonly ledger: Table;
  readonly sensors: Table;
  readonly assignments: Table;
  readonly sqs: SQSClient;
  readonly s3: S3Client;
  readonly kms: KMSClient;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly spoolDirectory: string;
  readonly stop: () => Promise<void>;
  readonly #cloud: TestCloud;
  readonly #names: { input: string; ancillary: string; keyArn: string };
  readonly #read = new Map<string, string>();
  #devices = 0;
  #pollers = 0;

  private constructor(
    parts: Pick<
      SensorWorld,
      'sqs' | 's3' | 'kms' | 'queueUrl' | 'deadLetterQueueUrl' | 'spoolDirectory' | 'stop'
    >,
    client: DynamoDBClient,
    cloud: TestCloud,
    names: { input: string; ancillary: string; keyArn: string },
  ) {
    ({ sqs: this.sqs, s3: this.s3, kms: this.kms, stop: this.stop } = parts);
    ({ queueUrl: this.queueUrl, deadLetterQueueUrl: this.deadLetterQueueUrl } = parts);
    this.spoolDirectory = parts.spoolDirectory;
    this.ledger = { client, name: 'ledger' };
    this.sensors = sensorTable(client, 'sensors');
    this.assignments = assignmentTable(client, 'assignments');
    this.#cloud = cloud;
    this.#names = names;
  }

  static async start(options: { visibilitySeconds?: number } = {}): Promise<SensorWorld> {
    const root = await mkdtemp(join(tmpdir(), 'poller-test-'));
    const dynamo = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
    await new Promise<void>((resolve) => dynamo.listen(0, '127.0.0.1', resolve));
    const { port } = dynamo.address() as AddressInfo;
    const client = new DynamoDBClient({ ...local, endpoint: `http://127.0.0.1:${port}` });
    await createLedgerTable(client);
    await createSensorTables(client);
    const queues = await startFauxqs({ port: 0, logger: false });
    const sqs = new SQSClient({
      ...local,
      endpoint: `http://127.0.0.1:${queues.port}`,
      useQueueUrlAsEndpoint: false,
    });
    const { queueUrl, deadLetterQueueUrl } = await createQueues(sqs, options);
    const cloud = await startTestCloud();
    const [input, ancillary, key] = await Promise.all([
      cloud.declare('AWS::S3::Bucket', 'Input'),
      cloud.declare('AWS::S3::Bucket', 'Ancillary'),
      cloud.declare('AWS::KMS::Key', 'DataKey'),
    ]);
    const stop = async (): Promise<void> => {
      client.destroy();
      sqs.destroy();
      await cloud.stop();
      await queues.stop();
      dynamo.close();
      await rm(root, { recursive: true, force: true });
    };
    return new SensorWorld(
      {
        sqs,
        s3: cloud.s3Client('Admin'),
        kms: cloud.kmsClient('Admin'),
        queueUrl,
        deadLetterQueueUrl,
        spoolDirectory: join(root, 'var/czar/spool'),
        stop,
      },
      client,
      cloud,
      { input: input.ref, ancillary: ancillary.ref, keyArn: key.arn },
    );
  }

  /** A registered device that nobody wears. */
  async device(): Promise<string> {
    const device = deviceId((this.#devices += 1));
    await registerDevice(this.sensors, { device, everySeconds: 60 }, new Date('2026-01-01'));
    return device;
  }

  /** A registered device that a subject has had since the year began. */
  async wornDevice(whose = subject(1)): Promise<string> {
    const device = await this.device();
    await assign(this.assignments, {
      device,
      subject: whose,
      from: new Date('2026-01-01T00:00:00.000Z'),
    });
    return device;
  }

  /** Puts messages into the queue, as the topic rule does. */
  async publish(...messages: readonly (SensorMessage | Published)[]): Promise<void> {
    await this.enqueue(
      ...messages.map((message) => {
        const published: Published = 'message' in message ? message : { message };
        const { device = published.message.device, receivedAt = this.now } = published;
        return JSON.stringify({
          payload: Buffer.from(JSON.stringify(published.message)).toString('base64'),
          device,
          receivedAt: receivedAt.getTime(),
          principal: 'certificate',
        } satisfies QueuedMessage);
      }),
    );
  }

  async enqueue(...bodies: readonly string[]): Promise<void> {
    for (let at = 0; at < bodies.length; at += 10) {
      await this.sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: this.queueUrl,
          Entries: bodies
            .slice(at, at + 10)
            .map((MessageBody, index) => ({ Id: String(index), MessageBody })),
        }),
      );
    }
  }

  /** A poller's process. */
  poller(changes: Partial<PollerDeps> = {}): TestPoller {
    const wire = new Wire();
    const handles: string[] = [];
    const deps: PollerDeps = {
      settings: {
        study,
        region: local.region,
        inputBucket: this.#names.input,
        ancillaryBucket: this.#names.ancillary,
        ledgerTable: 'ledger',
        sensorTable: 'sensors',
        assignmentTable: 'assignments',
        dataKeyArn: this.#names.keyArn,
        queueUrl: this.queueUrl,
        deadLetterQueueUrl: this.deadLetterQueueUrl,
        sealAfterHours: 6,
        agentSha256: '0'.repeat(64),
      },
      s3: wire.through(this.s3),
      sqs: wire.through(collecting(this.sqs, handles)),
      sfn: wire.through(this.sfn.client),
      kms: wire.through(this.kms),
      ledger: { ...this.ledger, client: wire.through(this.ledger.client) },
      sensors: { ...this.sensors, client: wire.through(this.sensors.client) },
      assignments: { ...this.assignments, client: wire.through(this.assignments.client) },
      // Of its own: a lease that one of them left is waited for, unless a test says otherwise.
      workbench: `i-${(this.#pollers += 1)}`,
      spoolDirectory: this.spoolDirectory,
      pace: {
        heartbeatMilliseconds: 20_000,
        leaseSeconds: 90,
        renewMilliseconds: 20_000,
        // Tests give the messages of a poller that was cut off back themselves.
        invisibleMilliseconds: 0,
        chunk: { messages: 1_000, bytes: 4 * 1024 * 1024, milliseconds: 5_000, waitSeconds: 0 },
      },
      patience: createPatience(3, 1),
      randomByte: () => randomBytes(1).readUInt8(),
      now: () => this.now,
      log: createLog(
        (line) => this.lines.push(line),
        () => this.now,
      ),
      ...changes,
    };
    const never = new AbortController().signal;
    return {
      deps,
      wire,
      handles,
      poll: ({ maxSeconds = 60, seal = [] } = {}, signal = never) =>
        poll({ maxSeconds, seal }, signal, deps),
    };
  }

  /** A poll that nothing happens to. */
  poll(command?: { maxSeconds?: number; seal?: string[] }): Promise<PollReply> {
    return this.poller().poll(command);
  }

  /** Lets time go by: a lease that nobody renews runs out. */
  wait(seconds: number): void {
    this.now = new Date(this.now.getTime() + seconds * 1000);
  }

  /** Makes messages visible again, as the end of their visibility timeout does. */
  async giveBack(handles: readonly string[]): Promise<void> {
    for (const ReceiptHandle of handles) {
      await this.sqs
        .send(
          new ChangeMessageVisibilityCommand({
            QueueUrl: this.queueUrl,
            ReceiptHandle,
            VisibilityTimeout: 0,
          }),
        )
        .catch(() => undefined);
    }
  }

  batches(): Promise<SensorBatch[]> {
    return Array.fromAsync(listSensorBatches(this.sensors));
  }

  /** All keys of S3D, or of S3A. */
  async keys(of: 'input' | 'ancillary' = 'input'): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(
      new ListObjectsV2Command({ Bucket: this.#names[of] }),
    );
    return Contents.map(({ Key = '' }) => Key);
  }

  async listing(key: string): Promise<string> {
    const { Body } = await this.s3.send(
      new GetObjectCommand({ Bucket: this.#names.ancillary, Key: key }),
    );
    return text(Body as Readable);
  }

  /** Decrypts an object of S3D. */
  async plaintext(batchId: string, key: string): Promise<string> {
    const { Body } = await this.s3.send(
      new GetObjectCommand({ Bucket: this.#names.input, Key: key }),
    );
    const place = { study, batchId };
    const envelope = { kms: this.kms, keyArn: this.#names.keyArn, place, kind: 'input' } as const;
    const { decrypt } = createDecryptor(envelope);
    return (await buffer(decrypt(Body as Readable))).toString();
  }

  /** All records of a device in S3D, whatever the ledger says: what is stored twice is seen here. */
  async records(device?: string): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    const keys = await this.keys();
    for (const batch of await this.batches()) {
      const prefix = inputKey({ study, batchId: batch.batchId }, '');
      for (const key of keys.filter(
        (one) => one.startsWith(prefix) && !one.endsWith('/manifest'),
      )) {
        found.push(...(await this.#recordsOf(key, batch)));
      }
    }
    return found.filter((record) => device === undefined || record.device === device);
  }

  /** An object does not change: it is decrypted once. */
  async #recordsOf(key: string, batch: SensorBatch): Promise<StoredRecord[]> {
    const read = this.#read.get(key) ?? (await this.plaintext(batch.batchId, key));
    this.#read.set(key, read);
    const [header, ...records] = read
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    if (SensorObjectHeader.parse(header).records !== records.length) throw new Error('count');
    return records.map((record) => ({ ...SensorRecord.parse(record), batch }));
  }

  /** Messages that the queue still has, seen or unseen. */
  async left(QueueUrl = this.queueUrl): Promise<number> {
    const { Attributes = {} } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    return (
      Number(Attributes.ApproximateNumberOfMessages) +
      Number(Attributes.ApproximateNumberOfMessagesNotVisible)
    );
  }

  get defects(): readonly unknown[] {
    return this.#cloud.defects;
  }
}

/** A client that notes the receipt handles of what it receives. */
function collecting(sqs: SQSClient, handles: string[]): SQSClient {
  const send = async (command: ReceiveMessageCommand, options?: object): Promise<unknown> => {
    const answer = await sqs.send(command, options);
    handles.push(...(answer.Messages ?? []).map(({ ReceiptHandle = '' }) => ReceiptHandle));
    return answer;
  };
  return { send } as unknown as SQSClient;
}

/** A message as AWS IoT received it. */
export interface Published {
  readonly message: SensorMessage;
  /** Who published it; the message's own device if not given. */
  readonly device?: string;
  readonly receivedAt?: Date;
}

/** A message with one heart rate, sent when it was measured, at a right clock. */
export function messageOf(
  of: Pick<SensorMessage, 'device' | 'boot' | 'seq'> & Partial<SensorMessage>,
  at = '2026-05-04T10:00:00.000Z',
): SensorMessage {
  return {
    version: 1,
    sentAt: at,
    observations: [{ at, code: '8867-4', value: 60 + (of.seq % 40), unit: '/min' }],
    waveforms: [],
    ...of,
  };
}

async function createQueues(
  sqs: SQSClient,
  { visibilitySeconds = 60 }: { visibilitySeconds?: number },
): Promise<{ queueUrl: string; deadLetterQueueUrl: string }> {
  const dead = await sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: dead.QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({
      QueueName: 'sensors',
      Attributes: {
        VisibilityTimeout: String(visibilitySeconds),
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: Attributes?.QueueArn,
          maxReceiveCount: 5,
        }),
      },
    }),
  );
  return { queueUrl: QueueUrl ?? '', deadLetterQueueUrl: dead.QueueUrl ?? '' };
}
