import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { beforeEach, describe, expect, it } from 'vitest';
import { awaitWorker } from '../../tasks/await-worker/await-worker.ts';
import { closeBatch } from '../../tasks/close-batch/close-batch.ts';
import { configureWorker } from '../../tasks/configure-worker/configure-worker.ts';
import { consolidate } from '../../tasks/consolidate/consolidate.ts';
import { deliverKey } from '../../tasks/deliver-key/deliver-key.ts';
import { launchWorker } from '../../tasks/launch-worker/launch-worker.ts';
import { notify } from '../../tasks/notify/notify.ts';
import { process as processObjects } from '../../tasks/process/process.ts';
import { instanceId, monday, run, slot } from './runs.ts';

const mocks = [
  mockClient(DynamoDBClient),
  mockClient(EC2Client),
  mockClient(KMSClient),
  mockClient(SESv2Client),
  mockClient(SNSClient),
  mockClient(SSMClient),
];

beforeEach(() => {
  for (const mock of mocks) mock.reset();
});

const worker = { ...slot, instanceId, redriven: true };
const work = { pipeline: 'vitals-summary', maxSeconds: 600, taskToken: 'token' };
const ec2 = new EC2Client({});
const table = { client: new DynamoDBClient({}), name: 'ledger' };
const document = { ssm: new SSMClient({}), documentName: 'worker-document' };
const now = () => monday;
const announcing = {
  ses: new SESv2Client({}),
  sns: new SNSClient({}),
  table,
  now,
  sleep: () => Promise.resolve(),
  study: 'czarhipaa',
  topicArn: 'topic',
  mail: { template: 'mail', from: 'from@example.org', to: 'to@example.org' },
};

const tasks: Record<string, () => Promise<unknown>> = {
  'Notify Working': () => notify({ ...run, redriven: true, kind: 'working' }, announcing),
  'Launch Worker': () =>
    launchWorker(
      { ...slot, redriven: true, tenancy: 'dedicated', instanceType: 'm7i.large' },
      { ec2, study: 'czarhipaa', launchTemplate: { id: 'lt-1', version: '1' }, subnetIds: ['s'] },
    ),
  'Await Worker': () =>
    awaitWorker(worker, { ec2, ssm: document.ssm, now, sleep: () => Promise.resolve() }),
  'Configure Worker': () => configureWorker({ ...worker, taskToken: 'token' }, document),
  'Deliver Key': () =>
    deliverKey(worker, {
      kms: new KMSClient({}),
      keyArn: 'key',
      study: 'czarhipaa',
      workerRoleArn: 'arn:aws:iam::111122223333:role/WorkerRole',
    }),
  Process: () =>
    processObjects(
      { ...worker, ...work, grantToken: 'grant', queueUrl: 'https://sqs.example.org/q' },
      document,
    ),
  Consolidate: () =>
    consolidate(
      {
        ...run,
        ...work,
        redriven: true,
        retries: 0,
        tolerateFailedObjects: 0,
        workers: [{ workerIndex: 0, instanceId, grantToken: 'grant' }],
      },
      { ...document, ec2 },
    ),
  'Notify Done': () => notify({ ...run, redriven: true, kind: 'done' }, announcing),
  'Close Batch': () => closeBatch({ ...run, redriven: true, outcome: 'SUCCEEDED' }, { table, now }),
};

describe('in a run that was over before its execution was redriven', () => {
  it.each(Object.entries(tasks))('%s refuses to act, and calls nobody', async (_, task) => {
    await expect(task()).rejects.toMatchObject({
      name: 'RunEndedError',
      message: `the run of batch ${run.batchId} was over before its execution was redriven`,
    });

    for (const mock of mocks) expect(mock).not.toHaveReceivedAnyCommand();
  });
});
