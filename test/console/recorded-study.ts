import { readFile } from 'node:fs/promises';
import {
  DynamoDBClient,
  GetItemCommand,
  type GetItemInput,
  QueryCommand,
  type QueryInput,
} from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  type DescribeExecutionInput,
  DescribeStateMachineForExecutionCommand,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  type GetExecutionHistoryInput,
  type HistoryEvent,
  ListExecutionsCommand,
  type ListExecutionsInput,
  SFNClient,
  StartExecutionCommand,
  type StartExecutionInput,
} from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import type { Deployment } from '../../client/deployment.ts';
import { createConsole } from '../../console/console.ts';
import type { Sleep } from '../../console/live/shared-poll.ts';
import type { ConsoleSources } from '../../console/sources.ts';
import { executionHash, runName } from '../../workflow/model/names.ts';
import { fixtures, type SceneName, sceneNames } from '../audit/scenes/read-scene.ts';
import { clientSettings } from '../client/fake-aws/study.ts';

export const origin = 'http://127.0.0.1:8741';
export const keys = { token: 'token', session: 'session', form: 'form' } as const;
const region = { region: 'us-east-1', credentials: { accessKeyId: 'A', secretAccessKey: 'B' } };

/** An execution as Step Functions has it; tests change what it says. */
export interface RecordedExecution {
  executionArn: string;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'TIMED_OUT';
  started: string;
  ended?: string;
  error?: string;
  cause?: string;
  redrives: number;
  input: string;
  events: Record<string, unknown>[];
  /** Events that the history has by now. */
  known: number;
}

/** A study with the recorded runs, of which Step Functions and the ledger tell. */
export interface RecordedStudy {
  readonly executions: RecordedExecution[];
  readonly items: Record<string, unknown>[];
  readonly calls: unknown[];
  /** Names of the commands that Step Functions was sent, with what they asked. */
  sent(): { readonly name: string; readonly input: object }[];
  run(scene: SceneName): RecordedExecution;
  sources(more?: Partial<ConsoleSources>): ConsoleSources;
  readonly deployment: Deployment;
  /** What Step Functions answers a question for a history with, instead of one. */
  trouble: Error | undefined;
}

interface Line {
  readonly execution?: Omit<RecordedExecution, 'events' | 'known'>;
  readonly batch?: Record<string, unknown>;
  readonly object?: Record<string, unknown>;
  readonly mail?: { readonly kind: string; readonly redrive: number; readonly sentAt: string };
  readonly event?: Record<string, unknown>;
  readonly call?: unknown;
}

/** Reads the recorded runs, and answers for them in place of AWS. */
export async function recordedStudy(): Promise<RecordedStudy> {
  const definition = await readFile(new URL('definition.jsonl', fixtures), 'utf8');
  const scenes = await Promise.all(sceneNames.map(readLines));
  const executions = scenes.map((lines) => executionOf(lines));
  const items = scenes.flatMap((lines, index) => itemsOf(lines, executions[index]!.executionArn));
  const sfnClient = new SFNClient(region);
  const dynamodb = new DynamoDBClient(region);
  const sfn = mockClient(sfnClient);
  const found = (arn: string | undefined): RecordedExecution => {
    const execution = executions.find(({ executionArn }) => executionArn === arn);
    if (execution !== undefined) return execution;
    throw new ExecutionDoesNotExist({ message: 'canary', $metadata: {} });
  };
  sfn
    .on(ListExecutionsCommand)
    .callsFake(({ statusFilter, maxResults = 0, nextToken }: ListExecutionsInput) => {
      const from = Number(nextToken ?? 0);
      const all = executions
        .filter(({ status }) => statusFilter === undefined || status === statusFilter)
        .toSorted((a, b) => Date.parse(b.started) - Date.parse(a.started));
      const some = all.slice(from, from + maxResults);
      return {
        executions: some.map((one) => ({ ...summary(one), redriveCount: one.redrives })),
        ...(from + maxResults < all.length && { nextToken: String(from + maxResults) }),
      };
    });
  sfn.on(DescribeExecutionCommand).callsFake(({ executionArn }: DescribeExecutionInput) => {
    const one = found(executionArn);
    const { error, cause, input, redrives } = one;
    return { ...summary(one), error, cause, input, redriveCount: redrives };
  });
  sfn.on(DescribeStateMachineForExecutionCommand).resolves({ definition });
  sfn
    .on(GetExecutionHistoryCommand)
    .callsFake(({ executionArn, reverseOrder }: GetExecutionHistoryInput) => {
      if (study.trouble !== undefined) throw study.trouble;
      const { events, known } = found(executionArn);
      const told = events.slice(0, known) as unknown as HistoryEvent[];
      return { events: reverseOrder === true ? told.toReversed() : told };
    });
  sfn
    .on(StartExecutionCommand)
    .callsFake(({ stateMachineArn, name, input = '' }: StartExecutionInput) => {
      const executionArn = `${(stateMachineArn ?? '').replace(':stateMachine:', ':execution:')}:${name ?? ''}`;
      const started = '2026-11-24T00:00:00.000Z';
      const events = [{ id: 1, previousEventId: 0, timestamp: started, type: 'ExecutionStarted' }];
      executions.push({
        executionArn,
        status: 'RUNNING',
        started,
        redrives: 0,
        input,
        events,
        known: 1,
      });
      return { executionArn };
    });
  answerForLedger(dynamodb, items);
  const deployment: Deployment = {
    settings: clientSettings,
    s3: new S3Client(region),
    kms: new KMSClient(region),
    sfn: sfnClient,
    ledger: { client: dynamodb, name: 'ledger' },
  };
  const study: RecordedStudy = {
    executions,
    items,
    calls: scenes.flatMap((lines) => lines.flatMap(({ call }) => call ?? [])),
    sent: () =>
      sfn.calls().map(({ args: [command] }) => ({
        name: command.constructor.name,
        input: command.input,
      })),
    deployment,
    run: (scene) => executions[sceneNames.indexOf(scene)]!,
    sources: (more = {}) => ({
      deployment,
      ec2: new EC2Client(region),
      sqs: new SQSClient(region),
      place: 'embedded cloud',
      accessLog: undefined,
      embedded: { operator: deployment, mails: '/nonexistent' },
      ...more,
    }),
    trouble: undefined,
  };
  return study;
}

/** The hash of a run, which its address has. */
export const hashOf = ({ executionArn }: RecordedExecution): string => executionHash(executionArn);

/** A console of a study, and a way to ask it as a browser that was let in. */
export function consoleOf(
  sources: ConsoleSources,
  sleep: Sleep = () => new Promise(() => undefined),
) {
  const now = () => new Date('2026-11-24T00:00:00.000Z');
  const pace = { leastMs: 100, mostMs: 1_000 };
  const app = createConsole({ sources, keys, origin, sleep, now, pace });
  const headers = { host: '127.0.0.1:8741', cookie: `czar-console-8741=${keys.session}` };
  return {
    app,
    get: async (path: string) => app.request(origin + path, { headers }),
    text: async (path: string) => (await app.request(origin + path, { headers })).text(),
    post: async (path: string, form: Record<string, string>, more: Record<string, string> = {}) =>
      app.request(origin + path, {
        method: 'POST',
        headers: { ...headers, origin, ...more },
        body: new URLSearchParams({ 'form-key': keys.form, ...form }),
      }),
  };
}

const summary = ({ executionArn, status, started, ended }: RecordedExecution) => ({
  executionArn,
  stateMachineArn: clientSettings.stateMachineArn,
  name: executionArn.slice(executionArn.lastIndexOf(':') + 1),
  status,
  startDate: new Date(started),
  stopDate: ended === undefined ? undefined : new Date(ended),
});

async function readLines(name: SceneName): Promise<Line[]> {
  const text = await readFile(new URL(`${name}.jsonl`, fixtures), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

function executionOf(lines: readonly Line[]): RecordedExecution {
  const execution = lines.find((line) => line.execution !== undefined)!.execution!;
  const events = lines.flatMap(({ event }) => (event === undefined ? [] : [event]));
  return { ...execution, events, known: events.length };
}

function itemsOf(lines: readonly Line[], executionArn: string): Record<string, unknown>[] {
  const batch = lines.find((line) => line.batch !== undefined)?.batch ?? {};
  const objects = lines.flatMap(({ object }) => (object === undefined ? [] : [object]));
  const mails = lines.flatMap(({ mail }) => (mail === undefined ? [] : [mail]));
  return [
    { ...batch, item: 'BATCH', kind: 'BATCH' },
    ...objects.map(({ objectId, ...rest }) => ({ ...rest, item: `OBJECT#${String(objectId)}` })),
    ...mails.map(({ kind, redrive, sentAt }) => {
      const run = runName({ executionArn, redrive });
      return { batchId: batch.batchId, item: `MAIL#${run}#${kind}`, sentAt };
    }),
  ];
}

/** Answers the few kinds of questions that the ledger is asked. */
function answerForLedger(
  dynamodb: DynamoDBClient,
  items: readonly Record<string, unknown>[],
): void {
  const ledger = mockClient(dynamodb);
  ledger.on(GetItemCommand).callsFake(({ Key }: GetItemInput) => {
    const { batchId, item } = unmarshall(Key ?? {});
    const found = items.find((one) => one.batchId === batchId && one.item === item);
    return { Item: found && marshall(found, { removeUndefinedValues: true }) };
  });
  ledger.on(QueryCommand).callsFake(({ IndexName, ExpressionAttributeValues = {} }: QueryInput) => {
    const values = unmarshall(ExpressionAttributeValues) as Record<string, string | undefined>;
    const { ':partition': partition, ':prefix': prefix = '', ':from': from = '' } = values;
    const found =
      IndexName === undefined
        ? items.filter(
            ({ batchId, item }) =>
              batchId === partition && String(item).startsWith(prefix) && String(item) >= from,
          )
        : items.filter(({ kind }) => kind === 'BATCH');
    const sorted = found.toSorted((a, b) => Number(String(a.item) > String(b.item)) - 0.5);
    return { Items: sorted.map((one) => marshall(one, { removeUndefinedValues: true })) };
  });
}
