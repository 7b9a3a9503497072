import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import dynalite from 'dynalite';
import { startFauxqs } from 'fauxqs';
import { createDecryptor } from '../../envelope/decryptor.ts';
import { createEncryptor } from '../../envelope/encryptor.ts';
import { openBatch, sealBatch } from '../../ledger/batches.ts';
import { getObject, listObject } from '../../ledger/objects.ts';
import { createLog } from '../../runtime/log.ts';
import { createPatience } from '../../runtime/patience.ts';
import { findCell } from '../../worker/pipeline-cell.ts';
import type { WorkerDeps } from '../../worker/worker-deps.ts';
import { mintCode } from '../../workflow/model/code.ts';
import { inputKey, manifestKey } from '../../workflow/model/keys.ts';
import type { ManifestEntry } from '../../workflow/model/manifest.ts';
import type { WorkerCommand } from '../../workflow/model/worker-command.ts';
import { FakeKms, keyArn } from '../envelope/fake-kms.ts';
import { createLedgerTable } from '../ledger/ledger-table.ts';
import { FakeS3 } from './fake-s3.ts';
import { FakeSfn } from './fake-sfn.ts';
import { writeLineCount } from './line-count.ts';
import { Wire } from './wire.ts';

export const now = new Date('2026-05-04T10:00:00.000Z');
const study = 'czarhipaa';
const local = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
};

const cell = await findCell();

let minted = 0;
/** A code of its own for everything, the same in every run. */
function code(length: number): string {
  let seed = (minted += 1) * 7919;
  return mintCode(length, () => ((seed = (seed * 1103515245 + 12345) % 2147483648) >> 20) & 255);
}

/** An object as a researcher has it, and what is done to it on the way. */
export interface TestObject {
  readonly text: string;
  readonly mediaType?: string;
  readonly name?: string;
  /** Changes the ciphertext after it was measured. */
  readonly damage?: (ciphertext: Buffer) => Buffer | undefined;
  readonly entry?: Partial<ManifestEntry> | 'absent';
}

export interface TestBatch {
  readonly batchId: string;
  readonly executionArn: string;
  readonly redrive: number;
  readonly queueUrl: string;
  readonly objectIds: readonly string[];
}

/** Everything outside of a worker: a real DynamoDB and SQS emulator, the rest in memory. */
export class FakeCloud {
  readonly s3 = new FakeS3();
  readonly sfn = new FakeSfn();
  readonly kms = new FakeKms();
  readonly lines: string[] = [];
  readonly table: { client: DynamoDBClient; name: string };
  readonly sqs: SQSClient;
  readonly root: string;
  readonly stop: () => Promise<void>;

  private constructor(parts: Pick<FakeCloud, 'table' | 'sqs' | 'root' | 'stop'>) {
    ({ table: this.table, sqs: this.sqs, root: this.root, stop: this.stop } = parts);
  }

  static async start(): Promise<FakeCloud> {
    const root = await mkdtemp(join(tmpdir(), 'worker-test-'));
    await writeLineCount(join(root, 'pipelines'));
    const dynamo = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
    await new Promise<void>((resolve) => dynamo.listen(0, '127.0.0.1', resolve));
    const { port } = dynamo.address() as AddressInfo;
    const client = new DynamoDBClient({ ...local, endpoint: `http://127.0.0.1:${port}` });
    await createLedgerTable(client);
    const queues = await startFauxqs({ port: 0, logger: false });
    const sqs = new SQSClient({
      ...local,
      endpoint: `http://127.0.0.1:${queues.port}`,
      useQueueUrlAsEndpoint: false,
    });
    const stop = async (): Promise<void> => {
      await queues.stop();
      dynamo.close();
      await rm(root, { recursive: true, force: true });
    };
    return new FakeCloud({ table: { client, name: 'ledger' }, sqs, root, stop });
  }

  /** Uploads, seals and opens a batch, with one message per object in a queue of its own. */
  async openBatch(
    objects: readonly TestObject[],
    options: { visibilitySeconds?: number; mostDeliveries?: number } = {},
  ): Promise<TestBatch> {
    const batchId = code(9);
    const place = { study, batchId };
    const encryptor = createEncryptor({ kms: this.kms.client, keyArn, place, kind: 'input' });
    const encrypt = (text: string): Promise<Buffer> =>
      buffer(encryptor.encrypt(Buffer.byteLength(text))(Readable.from([Buffer.from(text)])));
    const executionArn = `arn:aws:states:us-east-1:111122223333:execution:batch:${batchId}`;
    const entries: ManifestEntry[] = [];
    const objectIds: string[] = [];
    await sealBatch(this.table, batchId, now);
    await openBatch(
      this.table,
      { batchId, executionArn, redrive: 0, pipeline: 'line-count', objects: objects.length },
      now,
    );
    const queueUrl = await this.#createQueue(batchId, options);
    for (const object of objects) {
      const objectId = code(21);
      objectIds.push(objectId);
      const ciphertext = await encrypt(object.text);
      const listed = { sizeBytes: ciphertext.length, sha256: sha256(ciphertext) };
      if (object.entry !== 'absent') {
        entries.push({
          objectId,
          name: object.name ?? 'visits.csv',
          mediaType: object.mediaType ?? 'text/csv',
          sizeBytes: Buffer.byteLength(object.text),
          sha256: sha256(Buffer.from(object.text)),
          ciphertextBytes: listed.sizeBytes,
          ciphertextSha256: listed.sha256,
          ...object.entry,
        });
      }
      const sent = object.damage === undefined ? ciphertext : object.damage(ciphertext);
      if (sent !== undefined) this.s3.put(inputKey(place, objectId), sent);
      await listObject(this.table, { batchId, objectId, run: 1, ...listed }, now);
      await this.send(queueUrl, { version: 1, batchId, objectId });
    }
    entries.sort((left, right) => (left.objectId < right.objectId ? -1 : 1));
    const header = { version: 1, study, batchId, objects: entries.length };
    const manifest = [header, ...entries].map((line) => `${JSON.stringify(line)}\n`).join('');
    this.s3.put(manifestKey(place), await encrypt(manifest));
    return { batchId, executionArn, redrive: 0, queueUrl, objectIds };
  }

  async send(queueUrl: string, message: unknown): Promise<void> {
    await this.sqs.send(
      new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(message) }),
    );
  }

  async #createQueue(
    name: string,
    {
      visibilitySeconds = 30,
      mostDeliveries = 4,
    }: { visibilitySeconds?: number; mostDeliveries?: number },
  ): Promise<string> {
    const dead = await this.sqs.send(new CreateQueueCommand({ QueueName: `${name}-dead` }));
    const { Attributes } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: dead.QueueUrl, AttributeNames: ['QueueArn'] }),
    );
    const { QueueUrl } = await this.sqs.send(
      new CreateQueueCommand({
        QueueName: name,
        Attributes: {
          VisibilityTimeout: String(visibilitySeconds),
          RedrivePolicy: JSON.stringify({
            deadLetterTargetArn: Attributes?.QueueArn,
            maxReceiveCount: mostDeliveries,
          }),
        },
      }),
    );
    return QueueUrl ?? '';
  }

  /** A worker's dependencies, all calls through a wire of its own. */
  deps(changes: Partial<WorkerDeps> = {}): { deps: WorkerDeps; wire: Wire } {
    const wire = new Wire();
    const deps: WorkerDeps = {
      settings: {
        study,
        region: 'us-east-1',
        inputBucket: 'in',
        resultBucket: 'out',
        ledgerTable: 'ledger',
        dataKeyArn: keyArn,
        agentSha256: '0'.repeat(64),
      },
      s3: wire.through(this.s3.client),
      sqs: wire.through(this.sqs),
      sfn: wire.through(this.sfn.client),
      kms: wire.through(this.kms.client),
      table: { ...this.table, client: wire.through(this.table.client) },
      paths: {
        scratch: this.root,
        pipelines: join(this.root, 'pipelines'),
        agentTar: join(this.root, 'agent.tar'),
        swaps: undefined,
      },
      pace: {
        heartbeatMilliseconds: 20,
        backoffSeconds: 0,
        pollSeconds: 0,
        memoryCheckMilliseconds: 100,
      },
      cell,
      patience: createPatience(3, 1),
      machine: { cores: 4, memoryMiB: 16_384 },
      now: () => now,
      log: createLog(
        (line) => this.lines.push(line),
        () => now,
      ),
      ...changes,
    };
    return { deps, wire };
  }

  objects({ batchId, objectIds }: TestBatch) {
    return Promise.all(objectIds.map((objectId) => getObject(this.table, { batchId, objectId })));
  }

  /** Decrypts a result, as a tar. */
  async result(batch: TestBatch, key: string): Promise<Buffer> {
    const place = { study, batchId: batch.batchId };
    const { decrypt } = createDecryptor({ kms: this.kms.client, keyArn, place, kind: 'result' });
    return buffer(decrypt(Readable.from([this.s3.bytes(key)])));
  }

  /** What a queue still has, seen or unseen. */
  async left(queueUrl: string): Promise<number> {
    const { Attributes = {} } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
    );
    return (
      Number(Attributes.ApproximateNumberOfMessages) +
      Number(Attributes.ApproximateNumberOfMessagesNotVisible)
    );
  }
}

export function processCommand(
  { batchId, executionArn, redrive, queueUrl }: TestBatch,
  changes: { maxSeconds?: number; pipeline?: string; instanceId?: string } = {},
): Extract<WorkerCommand, { command: 'process' }> {
  return {
    command: 'process',
    version: 1,
    taskToken: 'task-token',
    executionArn,
    redrive,
    batchId,
    instanceId: 'i-0123456789abcdef0',
    pipeline: 'line-count',
    grantToken: 'grant-token',
    maxSeconds: 600,
    queueUrl,
    ...changes,
  };
}

export function consolidateCommand(
  batch: TestBatch,
  tolerateFailedObjects = 0,
): Extract<WorkerCommand, { command: 'consolidate' }> {
  const { queueUrl, ...rest } = processCommand(batch);
  return { ...rest, command: 'consolidate', tolerateFailedObjects };
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
