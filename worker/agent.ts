import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { pipelinesBeside } from '../pipelines/registry.ts';
import { type AgentExit, agentExit, tellBroken, watchForStop } from '../runtime/agent-answer.ts';
import { createLog } from '../runtime/log.ts';
import { createPatience } from '../runtime/patience.ts';
import { rightTime } from '../runtime/right-time.ts';
import {
  decodeWorkerCommand,
  heartbeatSeconds,
  type WorkerCommand,
} from '../workflow/model/worker-command.ts';
import { WorkerSettings } from '../workflow/model/worker-settings.ts';
import { createWorker } from './create-worker.ts';
import { watchInterruption } from './interruption-notice.ts';
import { findCell, type PipelineCell } from './pipeline-cell.ts';
import type { WorkerDeps } from './worker-deps.ts';

/**
 * The agent that SSM Run Command starts on a worker: `node agent.mjs <request>`.
 *
 * It runs one command, answers its task token and ends with one of {@link agentExit}. Below
 * `CZAR_ROOT` (empty on EC2) lie its settings, its scratch and its software. Where `CZAR_ROOT` is
 * set the instance is a directory of somebody's machine: the machine's swap and EC2's notices are
 * then none of the worker's business.
 */
const root = process.env.CZAR_ROOT ?? '';
const now = (): Date => new Date();
// A reader of the log that goes away, or has no room left, does not end the work.
process.stdout.on('error', () => undefined);
const log = createLog((line) => void process.stdout.write(line), now);

/** A service in trouble for minutes is waited out: its bad time is no object's, and no worker's, fault. */
const patience = createPatience(300);

/**
 * A connection that goes dumb counts as trouble, too: it would otherwise hold an object, and the end
 * of the process, for ever.
 */
const aws = {
  retryStrategy: patience.retryStrategy,
  requestHandler: { connectionTimeout: 5_000, socketTimeout: 30_000 },
};

function createDeps(settings: WorkerSettings, cell: PipelineCell): WorkerDeps {
  const here = { ...aws, region: settings.region };
  const ledger = new DynamoDBClient(here);
  return {
    settings,
    s3: new S3Client(here),
    // The endpoint is the environment's, not the one that whoever made the queue saw it under.
    sqs: new SQSClient({ ...here, useQueueUrlAsEndpoint: false }),
    sfn: new SFNClient(here),
    kms: new KMSClient(here),
    table: { client: ledger, name: settings.ledgerTable },
    paths: {
      scratch: join(root, '/scratch'),
      pipelines: pipelinesBeside(import.meta.url),
      agentTar: join(root, '/opt/czar/artifacts/agent.tar'),
      swaps: root === '' && process.platform === 'linux' ? '/proc/swaps' : undefined,
    },
    pace: {
      heartbeatMilliseconds: heartbeatSeconds * 1000,
      backoffSeconds: 5,
      // An idle worker makes two requests a second: less than a cent an hour.
      pollSeconds: 1,
      memoryCheckMilliseconds: 500,
    },
    cell,
    machine: { cores: availableParallelism(), memoryMiB: Math.floor(totalmem() / 2 ** 20) },
    patience,
    now: () => rightTime(ledger),
    log,
  };
}

async function readSettings(): Promise<WorkerSettings> {
  return WorkerSettings.parse(
    JSON.parse(await readFile(join(root, '/etc/czar/worker.json'), 'utf8')),
  );
}

async function main(parameter: string): Promise<AgentExit> {
  let command: WorkerCommand;
  try {
    command = decodeWorkerCommand(parameter);
  } catch {
    log('command unreadable');
    return agentExit.untold;
  }
  const { signal, stop } = watchForStop('worker', () => log('worker told to stop'));
  if (root === '') watchInterruption(stop);
  let settings: WorkerSettings;
  try {
    settings = await readSettings();
  } catch (error) {
    // From the region of its environment.
    return tellBroken({ sfn: new SFNClient(aws), taskToken: command.taskToken, log }, error);
  }
  return createWorker(createDeps(settings, await findCell())).run(command, signal);
}

process.exit(await main(process.argv[2] ?? ''));
