import {
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Context } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { awsError } from '../aws-error.ts';
import { instanceId } from '../runs.ts';
import { emptyPoll, ingestRun, minutesLater } from './ingest-runs.ts';

const canary = 'CANARY-Jane-Doe-1970-01-01';
const clients = [
  DynamoDBClient,
  EC2Client,
  SESv2Client,
  SFNClient,
  SNSClient,
  SQSClient,
  SSMClient,
] as const;

/** A run that a person has named after a patient. */
const named = { ...ingestRun(1), executionArn: `${ingestRun(1).executionArn}-${canary}` };

/** What each function demands of its environment. */
const environments = {
  'check-workbench': { STUDY: 'czarhipaa' },
  'poll-sensors': { POLLER_DOCUMENT: 'poller' },
  'record-poll': { SENSOR_TABLE: 'sensors' },
  'report-gaps': {
    SENSOR_TABLE: 'sensors',
    QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/q',
    DEAD_LETTER_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/d',
  },
  'notify-trouble': {
    STUDY: 'czarhipaa',
    SENSOR_TABLE: 'sensors',
    TOPIC_ARN: 'topic',
    MAIL_TEMPLATE: 'mail',
    MAIL_FROM: 'from@example.org',
    MAIL_TO: 'to@example.org',
  },
} as const;
type Task = keyof typeof environments;
const tasks = Object.keys(environments) as Task[];

/** Events of the right form, canaries wherever a person, a poller or a secret can be. */
const events: Readonly<Record<Task, unknown>> = {
  'check-workbench': { ...named, stateMachineArn: canary, request: { [canary]: canary } },
  'poll-sensors': {
    executionArn: named.executionArn,
    taskToken: canary,
    instanceId,
    maxSeconds: 600,
    seal: [],
  },
  'record-poll': { ...named, beganAt: named.startedAt, poll: emptyPoll },
  'report-gaps': { ...named, failure: { state: 'Poll', code: canary } },
  'notify-trouble': {
    executionArn: named.executionArn,
    troubles: [{ code: 'CONFLICT', count: 1 }],
    newestSilenceAt: null,
  },
};

let lines: string[];

beforeEach(() => {
  lines = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => {
      lines.push(args.map(String).join(' '));
    });
  }
  for (const client of clients) {
    mockClient(client as typeof DynamoDBClient)
      .onAnyCommand()
      .rejects(awsError('ThrottlingException'));
  }
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Loads a handler as Lambda does, with this environment. */
async function load(task: Task, environment: Readonly<Record<string, string>>) {
  vi.resetModules();
  vi.unstubAllEnvs();
  vi.stubEnv('AWS_REGION', 'us-east-1');
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  return (await import(`../../../tasks/${task}/handler.ts`)) as {
    handler: (event: unknown, context: Context) => Promise<unknown>;
  };
}

async function invoke(task: Task, event: unknown): Promise<unknown> {
  const { handler } = await load(task, environments[task]);
  return handler(event, { awsRequestId: 'request-1' } as Context).catch((error: unknown) => error);
}

describe('the environment', () => {
  it.each(tasks)('of %s is demanded whole', async (task) => {
    for (const name of Object.keys(environments[task])) {
      const { [name]: _, ...rest } = environments[task] as Record<string, string>;

      await expect(load(task, rest)).rejects.toThrow(
        `environment variables missing or wrong: ${name}`,
      );
    }
  });
});

describe('the log of', () => {
  it.each(tasks)('%s has no canary in it, nor has its error, when AWS fails it', async (task) => {
    const answer = await invoke(task, events[task]);

    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(answer).toBeInstanceOf(Error);
    expect(lines.join('\n') + String(answer)).not.toMatch(/CANARY|Jane/);
  });

  it.each(tasks)('%s has no canary in it when its event is none at all', async (task) => {
    const answer = await invoke(task, { [canary]: canary, startedAt: canary, poll: [canary] });

    expect(answer).toBeInstanceOf(Error);
    expect(lines.join('\n') + String(answer)).not.toMatch(/CANARY|Jane/);
  });
});

describe('what goes out of', () => {
  it('Notify Trouble is ids, codes and counts: in log, answer, mail, message and ledger', async () => {
    const dynamo = mockClient(DynamoDBClient);
    dynamo.on(GetItemCommand).resolves({});
    dynamo.on(UpdateItemCommand).resolves({ Attributes: {} });
    const ses = mockClient(SESv2Client);
    ses.on(SendEmailCommand).resolves({ MessageId: 'ses-1' });
    const sns = mockClient(SNSClient);
    sns.on(PublishCommand).resolves({});

    const answer = await invoke('notify-trouble', events['notify-trouble']);

    const sent = [dynamo, ses, sns].flatMap((mock) =>
      mock.calls().map(({ args }) => args[0].input),
    );
    expect(answer).toMatchObject({ sent: true });
    expect(sent.length).toBeGreaterThanOrEqual(5);
    expect(JSON.stringify([lines, answer, sent])).not.toMatch(/CANARY|Jane/);
  });

  it('Report Gaps is ids, codes and counts, whatever the poller gave as its error', async () => {
    const dynamo = mockClient(DynamoDBClient);
    dynamo.on(GetItemCommand).resolves({});
    dynamo.on(QueryCommand).resolves({ Items: [] });
    dynamo.on(UpdateItemCommand).resolves({ Attributes: {} });
    mockClient(SQSClient).onAnyCommand().resolves({ Attributes: {} });

    const answer = await invoke('report-gaps', events['report-gaps']);

    const sent = dynamo.calls().map(({ args }) => args[0].input);
    expect(answer).toMatchObject({ troubles: [{ code: 'POLL_FAILED', count: 1 }] });
    expect(JSON.stringify([lines, answer, sent])).not.toMatch(/CANARY|Jane/);
  });

  it('Record Poll is none of a poller’s answer with a word in it that nobody knows', async () => {
    const poll = { ...emptyPoll, aside: { [canary]: 1 }, [canary]: minutesLater(0) };

    const answer = await invoke('record-poll', { ...named, beganAt: named.startedAt, poll });

    expect(answer).toMatchObject({ name: 'ContractError' });
    expect(lines.join('\n') + String(answer)).not.toMatch(/CANARY|Jane/);
  });
});
