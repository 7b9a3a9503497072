import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SendTaskFailureCommand, SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { assignmentTable, sensorTable } from '../../ledger/sensors/sensor-tables.ts';
import { errorCode } from '../../runtime/fatal-error.ts';
import { createLog } from '../../runtime/log.ts';
import { createPatience } from '../../runtime/patience.ts';
import { rightTime } from '../../runtime/right-time.ts';
import { WorkerBrokenError, WorkerLostError } from '../../workflow/model/errors.ts';
import { heartbeatSeconds } from '../../workflow/model/worker-command.ts';
import { decodePollCommand, type PollCommand } from '../model/poll-command.ts';
import { PollerSettings } from '../model/poller-settings.ts';
import { visibilitySeconds } from '../model/queued-message.ts';
import { mostCommittedMessages } from './commit-record.ts';
import { createPoller, pollerExit, type PollerExit } from './create-poller.ts';
import type { PollerDeps } from './poller-deps.ts';
import type { Log } from './poller-log.ts';

/**
 * The agent that SSM Run Command starts on the workbench (E): `node agent.mjs <request>`.
 *
 * It polls once, answers its task token and ends with one of {@link pollerExit}. Below `CZAR_ROOT` (empty
 * on EC2) lie its settings and its spool.
 */
const root = process.env.CZAR_ROOT ?? '';
// A reader of the log that goes away, or has no room left, does not end the work.
process.stdout.on('error', () => undefined);
const log: Log = createLog(
  (line) => void process.stdout.write(line),
  () => new Date(),
);

/** A service in trouble for minutes is waited out: messages wait in the queue, and nobody for an answer. */
const patience = createPatience(300);

/** A connection that goes dumb counts as trouble, too. */
const aws = {
  retryStrategy: patience.retryStrategy,
  requestHandler: { connectionTimeout: 5_000, socketTimeout: 30_000 },
};

function createDeps(settings: PollerSettings, workbench: string): PollerDeps {
  const here = { ...aws, region: settings.region };
  const tables = new DynamoDBClient(here);
  return {
    settings,
    s3: new S3Client(here),
    // The endpoint is the environment's, not the one that whoever made the queue saw it under.
    sqs: new SQSClient({ ...here, useQueueUrlAsEndpoint: false }),
    sfn: new SFNClient(here),
    kms: new KMSClient(here),
    ledger: { client: tables, name: settings.ledgerTable },
    sensors: sensorTable(tables, settings.sensorTable),
    assignments: assignmentTable(tables, settings.assignmentTable),
    workbench,
    spoolDirectory: join(root, '/var/czar/spool'),
    pace: {
      heartbeatMilliseconds: heartbeatSeconds * 1000,
      leaseSeconds: 90,
      renewMilliseconds: 20_000,
      invisibleMilliseconds: visibilitySeconds * 1000,
      chunk: {
        messages: mostCommittedMessages,
        bytes: 4 * 1024 * 1024,
        milliseconds: 5_000,
        // Long enough for SQS to ask all of its servers; each poll ends with one of these in vain.
        waitSeconds: 2,
      },
    },
    patience,
    randomByte: () => webcrypto.getRandomValues(new Uint8Array(1))[0] ?? 0,
    now: () => rightTime(tables),
    log,
  };
}

async function readSettings(): Promise<PollerSettings> {
  return PollerSettings.parse(
    JSON.parse(await readFile(join(root, '/etc/czar/poller.json'), 'utf8')),
  );
}

/** Aborts at whatever wants this process to end, so that it still answers. */
function watchForStop(): AbortSignal {
  const stop = new AbortController();
  const onStop = (): void => {
    log('poller told to stop');
    stop.abort(new WorkerLostError('the poller was told to stop'));
  };
  process.on('SIGTERM', onStop).on('SIGINT', onStop);
  process.on('uncaughtException', (error) => {
    stop.abort(new WorkerBrokenError(`unforeseen: ${errorCode(error)}`, { cause: error }));
  });
  return stop.signal;
}

async function main(parameter: string): Promise<PollerExit> {
  let command: PollCommand;
  try {
    command = decodePollCommand(parameter);
  } catch {
    log('command unreadable');
    return pollerExit.untold;
  }
  const signal = watchForStop();
  let settings: PollerSettings;
  try {
    settings = await readSettings();
  } catch (error) {
    return tellBroken(command, error);
  }
  return createPoller(createDeps(settings, command.instanceId)).run(command, signal);
}

/** Answers for a poller that does not know its deployment, from the region of its environment. */
async function tellBroken({ taskToken }: PollCommand, error: unknown): Promise<PollerExit> {
  log('command failed', { code: WorkerBrokenError.code, reason: errorCode(error) });
  try {
    await new SFNClient(aws).send(
      new SendTaskFailureCommand({
        taskToken,
        error: WorkerBrokenError.code,
        cause: `the settings cannot be read: ${errorCode(error)}`,
      }),
    );
    return pollerExit.failed;
  } catch (untold) {
    log('task could not be told', { code: errorCode(untold) });
    return pollerExit.untold;
  }
}

process.exit(await main(process.argv[2] ?? ''));
