import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { assignmentTable, sensorTable } from '../../ledger/sensors/sensor-tables.ts';
import { type AgentExit, agentExit, tellBroken, watchForStop } from '../../runtime/agent-answer.ts';
import { createLog } from '../../runtime/log.ts';
import { createPatience } from '../../runtime/patience.ts';
import { rightTime } from '../../runtime/right-time.ts';
import { decodePollCommand, type PollCommand } from '../model/poll-command.ts';
import { PollerSettings } from '../model/poller-settings.ts';
import { createPoller } from './create-poller.ts';
import type { PollerDeps } from './poller-deps.ts';
import type { Log } from './poller-log.ts';
import { pollerPace } from './poller-pace.ts';

/**
 * The agent that SSM Run Command starts on the workbench (E): `node agent.mjs <request>`.
 *
 * It polls once, answers its task token and ends with one of {@link agentExit}. Below `CZAR_ROOT` (empty
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
    pace: pollerPace,
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

async function main(parameter: string): Promise<AgentExit> {
  let command: PollCommand;
  try {
    command = decodePollCommand(parameter);
  } catch {
    log('command unreadable');
    return agentExit.untold;
  }
  const { signal } = watchForStop('poller', () => log('poller told to stop'));
  let settings: PollerSettings;
  try {
    settings = await readSettings();
  } catch (error) {
    // From the region of its environment.
    return tellBroken({ sfn: new SFNClient(aws), taskToken: command.taskToken, log }, error);
  }
  return createPoller(createDeps(settings, command.instanceId)).run(command, signal);
}

process.exit(await main(process.argv[2] ?? ''));
