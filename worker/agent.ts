import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SendTaskFailureCommand, SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { pipelinesBeside } from '../pipelines/registry.ts';
import { errorCode } from '../runtime/fatal-error.ts';
import { createLog } from '../runtime/log.ts';
import { createPatience } from '../runtime/patience.ts';
import { rightTime } from '../runtime/right-time.ts';
import { WorkerBrokenError, WorkerLostError } from '../workflow/model/errors.ts';
import {
  decodeWorkerCommand,
  heartbeatSeconds,
  type WorkerCommand,
} from '../workflow/model/worker-command.ts';
import { WorkerSettings } from '../workflow/model/worker-settings.ts';
import { createWorker, workerExit, type WorkerExit } from './create-worker.ts';
import { watchInterruption } from './interruption-notice.ts';
import { findCell, type PipelineCell } from './pipeline-cell.ts';
import type { WorkerDeps } from './worker-deps.ts';

/**
 * The agent that SSM Run Command starts on a worker: `node agent.mjs <request>`.
 *
 * It runs one command, answers its task token and ends with one of {@link workerExit}. Below
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

/** Aborts at whatever wants this process to end, so that it still wipes and answers. */
function watchForStop(): AbortSignal {
  const stop = new AbortController();
  const onStop = (): void => {
    log('worker told to stop');
    stop.abort(new WorkerLostError('the worker was told to stop'));
  };
  process.on('SIGTERM', onStop).on('SIGINT', onStop);
  process.on('uncaughtException', (error) => {
    stop.abort(new WorkerBrokenError(`unforeseen: ${errorCode(error)}`, { cause: error }));
  });
  if (root === '') watchInterruption(onStop);
  return stop.signal;
}

async function main(parameter: string): Promise<WorkerExit> {
  let command: WorkerCommand;
  try {
    command = decodeWorkerCommand(parameter);
  } catch {
    log('command unreadable');
    return workerExit.untold;
  }
  const signal = watchForStop();
  let settings: WorkerSettings;
  try {
    settings = await readSettings();
  } catch (error) {
    return tellBroken(command, error);
  }
  return createWorker(createDeps(settings, await findCell())).run(command, signal);
}

/** Answers for a worker that does not know its deployment, from the region of its environment. */
async function tellBroken({ taskToken }: WorkerCommand, error: unknown): Promise<WorkerExit> {
  log('command failed', { code: WorkerBrokenError.code, reason: errorCode(error) });
  try {
    await new SFNClient(aws).send(
      new SendTaskFailureCommand({
        taskToken,
        error: WorkerBrokenError.code,
        cause: `the settings cannot be read: ${errorCode(error)}`,
      }),
    );
    return workerExit.failed;
  } catch (untold) {
    log('task could not be told', { code: errorCode(untold) });
    return workerExit.untold;
  }
}

process.exit(await main(process.argv[2] ?? ''));
