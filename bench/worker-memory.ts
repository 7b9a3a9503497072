/**
 * Measures what one large object costs a worker: `node bench/worker-memory.ts [MiB, default 1024]`.
 *
 * Runs the real bundle of the agent as a process of its own, against local HTTP services, with a
 * pipeline that copies its input: the object streams in, and as much streams out. Prints the
 * high-water mark of the agent's resident memory (the pipeline is another process) and the speed
 * of the envelope alone. Ends with 1 where the mark reaches 300 MB.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { buffer, json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DecryptCommand, GenerateDataKeyCommand } from '@aws-sdk/client-kms';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import dynalite from 'dynalite';
import { startFauxqs } from 'fauxqs';
import * as z from 'zod';
import { createDecryptor } from '../envelope/decryptor.ts';
import { digestStream } from '../envelope/digest-stream.ts';
import { createEncryptor } from '../envelope/encryptor.ts';
import { listObject } from '../ledger/objects.ts';
import { bundleAgent } from '../stacks/bundles.ts';
import { FakeKms, keyArn, place } from '../test/envelope/fake-kms.ts';
import { inputKey, manifestKey } from '../workflow/model/keys.ts';
import { encodeWorkerCommand } from '../workflow/model/worker-command.ts';
import { createLedgerTable } from '../test/ledger/ledger-table.ts';

const limitMB = 300;
const MiB = 2 ** 20;
const sizeBytes = Number(process.argv[2] ?? 1024) * MiB;
const objectId = 'mnpqrstvwxzbcdfghjkmg';
const local = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
};
const kms = new FakeKms();
const envelope = { kms: kms.client, keyArn, place, kind: 'input' } as const;
const root = await mkdtemp(join(tmpdir(), 'worker-memory-'));

/** Random bytes that cost next to nothing to make: one block again and again. */
async function* plaintext(): AsyncGenerator<Buffer> {
  const block = randomBytes(64 * 1024);
  for (let sent = 0; sent < sizeBytes; sent += block.length) yield await Promise.resolve(block);
}

/** Measures the envelope alone, and leaves the encrypted object in the bucket. */
async function encryptObject(path: string) {
  await mkdir(dirname(path), { recursive: true });
  const { encrypt } = createEncryptor(envelope);
  const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });
  const encrypting = await seconds(() => pipeline(plaintext(), encrypt(sizeBytes), nowhere()));
  const [plain, cipher] = [digestStream(), digestStream()];
  await pipeline(plaintext(), plain, encrypt(sizeBytes), cipher, createWriteStream(path));
  const { decrypt } = createDecryptor(envelope);
  const decrypting = await seconds(() => pipeline(createReadStream(path), decrypt, nowhere()));
  return { plain: plain.digest, cipher: cipher.digest, encrypting, decrypting };
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Installs the agent as user data does, with a pipeline that copies. */
async function install(): Promise<number> {
  const agent = join(root, 'opt/czar/agent');
  await bundleAgent(agent);
  const copy = join(agent, 'pipelines/copy');
  await mkdir(copy, { recursive: true });
  const entry = `import { copyFileSync } from 'node:fs';
copyFileSync(process.env.CZAR_INPUT + '/object', process.env.CZAR_OUTPUT + '/copy');`;
  await writeFile(join(copy, 'process.mjs'), entry);
  await writeFile(
    join(copy, 'pipeline.json'),
    JSON.stringify({
      name: 'copy',
      version: '1.0.0',
      acceptedTypes: ['text/csv'],
      process: 'process.mjs',
      consolidate: 'process.mjs',
      limits: { processSeconds: 600, memoryMiB: 512 },
      resultFiles: ['copy'],
    }),
  );
  await mkdir(join(root, 'scratch'), { mode: 0o700 });
  await mkdir(join(root, 'etc/czar'), { recursive: true });
  await writeFile(
    join(root, 'etc/czar/worker.json'),
    JSON.stringify({
      study: place.study,
      region: local.region,
      inputBucket: 'in',
      resultBucket: 'out',
      ledgerTable: 'ledger',
      dataKeyArn: keyArn,
      agentSha256: '0'.repeat(64),
    }),
  );
  return (await stat(join(agent, 'agent.mjs'))).size;
}

const KmsRequest = z.object({
  KeyId: z.string(),
  EncryptionContext: z.record(z.string(), z.string()),
  CiphertextBlob: z.base64().optional(),
});

/** S3 on files, KMS and Step Functions: just what the agent calls. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = String(request.headers['x-amz-target'] ?? '');
  if (target.startsWith('AWSStepFunctions')) {
    await buffer(request);
    response.end('{}');
  } else if (target.startsWith('TrentService')) {
    const { CiphertextBlob, ...input } = KmsRequest.parse(await json(request));
    const blob = Buffer.from(CiphertextBlob ?? '', 'base64');
    const answer = target.endsWith('Decrypt')
      ? await kms.client.send(new DecryptCommand({ ...input, CiphertextBlob: blob }))
      : await kms.client.send(new GenerateDataKeyCommand({ ...input, NumberOfBytes: 32 }));
    response.end(
      JSON.stringify(answer, (_name, value: unknown) => {
        const bytes = z
          .object({ type: z.literal('Buffer'), data: z.array(z.int()) })
          .safeParse(value);
        return bytes.success ? Buffer.from(bytes.data.data).toString('base64') : value;
      }),
    );
  } else {
    const path = join(root, 'buckets', new URL(request.url ?? '', 'http://localhost').pathname);
    if (request.method === 'PUT') {
      await mkdir(dirname(path), { recursive: true });
      await pipeline(request, createWriteStream(path));
      response.end();
    } else {
      response.setHeader('content-length', (await stat(path)).size);
      await pipeline(createReadStream(path), response);
    }
  }
}

async function startServices() {
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      process.stderr.write(`service failed: ${String(error)}\n`);
      response.destroy();
    });
  });
  const dynamo = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  for (const one of [server, dynamo]) {
    await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  }
  const queues = await startFauxqs({ port: 0, logger: false });
  const at = (address: AddressInfo | string | null): string =>
    `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
  const endpoints = {
    AWS_ENDPOINT_URL: at(server.address()),
    AWS_ENDPOINT_URL_DYNAMODB: at(dynamo.address()),
    AWS_ENDPOINT_URL_SQS: `http://127.0.0.1:${queues.port}`,
  };
  const stop = async (): Promise<void> => {
    server.close();
    dynamo.close();
    await queues.stop();
  };
  return { endpoints, stop };
}

type Endpoints = Awaited<ReturnType<typeof startServices>>['endpoints'];
type Encrypted = Awaited<ReturnType<typeof encryptObject>>;

/** Writes manifest, ledger and queue, and answers the queue. */
async function openBatch({ plain, cipher }: Encrypted, endpoints: Endpoints): Promise<string> {
  const entry = {
    objectId,
    name: 'large.csv',
    mediaType: 'text/csv',
    ...plain,
    ciphertextBytes: cipher.sizeBytes,
    ciphertextSha256: cipher.sha256,
  };
  const lines = [{ version: 1, ...place, objects: 1 }, entry];
  const manifest = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const encrypt = createEncryptor(envelope).encrypt(manifest.length);
  const path = join(root, 'buckets/in', manifestKey(place));
  await writeFile(path, await buffer(encrypt(Readable.from([manifest]))));

  const client = new DynamoDBClient({ ...local, endpoint: endpoints.AWS_ENDPOINT_URL_DYNAMODB });
  await createLedgerTable(client);
  const { batchId } = place;
  await listObject(
    { client, name: 'ledger' },
    { batchId, objectId, run: 1, ...cipher },
    new Date(),
  );

  const sqs = new SQSClient({ ...local, endpoint: endpoints.AWS_ENDPOINT_URL_SQS });
  await sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));
  const { QueueUrl = '' } = await sqs.send(
    new CreateQueueCommand({
      QueueName: 'batch',
      Attributes: {
        VisibilityTimeout: '60',
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: `arn:aws:sqs:${local.region}:000000000000:dead`,
          maxReceiveCount: 1,
        }),
      },
    }),
  );
  const MessageBody = JSON.stringify({ version: 1, batchId, objectId });
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  return QueueUrl;
}

/** Runs the agent and answers the highest VmHWM that the kernel showed of it, in bytes. */
async function runAgent(queueUrl: string, endpoints: Endpoints) {
  const command = encodeWorkerCommand({
    version: 1,
    command: 'process',
    taskToken: 'task-token',
    executionArn: 'arn:execution',
    redrive: 0,
    batchId: place.batchId,
    instanceId: 'i-0123456789abcdef0',
    pipeline: 'copy',
    grantToken: 'grant-token',
    maxSeconds: 3600,
    queueUrl,
  });
  const start = performance.now();
  const child = spawn(process.execPath, [join(root, 'opt/czar/agent/agent.mjs'), command], {
    env: {
      CZAR_ROOT: root,
      TMPDIR: join(root, 'scratch'),
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      ...endpoints,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  let highest = 0;
  const look = setInterval(() => {
    void readFile(`/proc/${child.pid ?? 0}/status`, 'utf8').then(
      (status) => {
        highest = Math.max(highest, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024);
      },
      () => undefined,
    );
  }, 20);
  const exitCode = await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(look);
  return { exitCode, highest, took: (performance.now() - start) / 1000 };
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

const services = await startServices();
try {
  const agentBytes = await install();
  const encrypted = await encryptObject(join(root, 'buckets/in', inputKey(place, objectId)));
  const queueUrl = await openBatch(encrypted, services.endpoints);
  const { exitCode, highest, took } = await runAgent(queueUrl, services.endpoints);
  const agentMB = highest / 1e6;
  const report = {
    objectMiB: sizeBytes / MiB,
    exitCode,
    agentHighWaterMB: rounded(agentMB),
    limitMB,
    agentSeconds: rounded(took),
    encryptMiBPerSecond: rounded(sizeBytes / MiB / encrypted.encrypting),
    decryptMiBPerSecond: rounded(sizeBytes / MiB / encrypted.decrypting),
    agentBundleKB: rounded(agentBytes / 1000),
    agentSha256: createHash('sha256')
      .update(await readFile(join(root, 'opt/czar/agent/agent.mjs')))
      .digest('hex'),
  };
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  process.exitCode = exitCode === 0 && agentMB < limitMB ? 0 : 1;
} finally {
  await services.stop();
  await rm(root, { recursive: true, force: true });
}
