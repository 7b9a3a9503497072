import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Context } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readTemplate, type TemplateFunction } from '../workflow/state-machine.ts';
import { awsError } from './aws-error.ts';
import { instanceId, run, slot } from './runs.ts';

const canary = 'CANARY-Jane-Doe-1970-01-01';
/** Makes every call to AWS fail with a message that has a canary in it. */
function failAws(): void {
  const error = awsError('ThrottlingException');
  mockClient(DynamoDBClient).onAnyCommand().rejects(error);
  mockClient(EC2Client).onAnyCommand().rejects(error);
  mockClient(KMSClient).onAnyCommand().rejects(error);
  mockClient(S3Client).onAnyCommand().rejects(error);
  mockClient(SESv2Client).onAnyCommand().rejects(error);
  mockClient(SFNClient).onAnyCommand().rejects(error);
  mockClient(SNSClient).onAnyCommand().rejects(error);
  mockClient(SQSClient).onAnyCommand().rejects(error);
  mockClient(SSMClient).onAnyCommand().rejects(error);
}

/** A run that a person has named after a patient, and tokens that nobody may see. */
const named = { ...run, executionArn: `${run.executionArn.slice(0, -5)}${canary}` };
const worker = { ...slot, ...named };
const live = { redriven: false };
const commanded = { ...worker, ...live, taskToken: canary, instanceId };
const batchOf = (input: string) => ({
  'detail-type': 'Step Functions Execution Status Change',
  detail: {
    executionArn: named.executionArn,
    status: 'FAILED',
    input,
    error: canary,
    cause: canary,
  },
});

/** Events of the right form, canaries wherever a person or a secret can be. */
const events: Record<string, unknown> = {
  'validate-request': { request: { batchId: canary, [canary]: canary }, executionArn: canary },
  'open-batch': { ...named, pipeline: 'vitals-summary', retry: false },
  notify: { ...named, kind: 'failed', reason: canary },
  'launch-worker': { ...worker, ...live, tenancy: 'dedicated', instanceType: 'm7i.large' },
  'await-worker': { ...worker, ...live, instanceId },
  'configure-worker': commanded,
  'deliver-key': { ...worker, ...live, instanceId },
  process: {
    ...commanded,
    grantToken: canary,
    queueUrl: `https://sqs.us-east-1.amazonaws.com/1/${canary}`,
    pipeline: 'vitals-summary',
    maxSeconds: 600,
  },
  'retire-worker': worker,
  consolidate: {
    ...named,
    ...live,
    taskToken: canary,
    pipeline: 'vitals-summary',
    maxSeconds: 600,
    tolerateFailedObjects: 0,
    retries: 0,
    workers: [{ workerIndex: 0, instanceId, grantToken: canary }],
  },
  'terminate-workers': named,
  'prove-evaporated': named,
  'close-batch': { ...named, ...live, outcome: 'SUCCEEDED' },
  'fail-batch': {
    ...named,
    ...live,
    taskToken: canary,
    error: canary,
    cause: canary,
  },
  'register-object': {
    'detail-type': 'Object Created',
    detail: { object: { key: `in/v1/czarhipaa/${canary}.csv`, size: 1 }, requester: canary },
  },
  sweep: batchOf(JSON.stringify({ batchId: run.batchId, ticket: canary })),
};

let functions: TemplateFunction[];
let lines: string[];

beforeAll(async () => {
  ({ functions } = await readTemplate());
});

beforeEach(() => {
  lines = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => {
      lines.push(args.map(String).join(' '));
    });
  }
  failAws();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function invoke(task: string, event: unknown): Promise<unknown> {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  const { environment } = functions.find((found) => found.task === task)!;
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const { handler } = (await import(`../../tasks/${task}/handler.ts`)) as {
    handler: (event: unknown, context: Context) => Promise<unknown>;
  };
  return handler(event, { awsRequestId: 'request-1' } as Context).catch((error: unknown) => error);
}

describe('the log of', () => {
  it.each(Object.entries(events))(
    '%s has no canary in it, nor has its error, when AWS fails it',
    async (task, event) => {
      const answer = await invoke(task, event);

      expect(lines.length).toBeGreaterThanOrEqual(2);
      expect(lines.join('\n')).not.toMatch(/CANARY|Jane/);
      if (answer instanceof Error) expect(answer.message).not.toMatch(/CANARY|Jane/);
    },
  );

  it.each(Object.keys(events))(
    '%s has no canary in it when its event is none at all',
    async (task) => {
      const answer = await invoke(task, { [canary]: canary, detail: canary, batchId: [canary] });

      expect(answer).toBeInstanceOf(Error);
      expect(lines.join('\n') + String(answer)).not.toMatch(/CANARY|Jane/);
    },
  );
});
