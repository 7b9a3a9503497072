import {
  DeleteNetworkInterfaceCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVolumesCommand,
  EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { KMSClient, ListGrantsCommand, RevokeGrantCommand } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  DeleteQueueCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  closeBatch,
  getBatch,
  noteBatch,
  noteEvidence,
  openBatch,
  reopenBatch,
  sealBatch,
} from '../../ledger/batches.ts';
import { recordMail, wasMailSent } from '../../ledger/mails.ts';
import { queryItems } from '../../ledger/table.ts';
import { mostAtOnce } from '../../tasks/sweep/ask-for-evidence.ts';
import { SweepEvent } from '../../tasks/sweep/sweep-event.ts';
import { sweep } from '../../tasks/sweep/sweep.ts';
import type { Run } from '../../workflow/model/batch-plan.ts';
import { grantName, queueName } from '../../workflow/model/names.ts';
import { executionName } from '../../workflow/model/tags.ts';
import { batchId, executionArn } from '../ledger/codes.ts';
import { startLedger, type TestLedger } from '../ledger/ledger-table.ts';
import { awsError } from './aws-error.ts';
import { monday } from './runs.ts';

const ec2 = mockClient(EC2Client);
const kms = mockClient(KMSClient);
const lambda = mockClient(LambdaClient);
const ses = mockClient(SESv2Client);
const sfn = mockClient(SFNClient);
const sns = mockClient(SNSClient);
const sqs = mockClient(SQSClient);
const mocks = [ec2, kms, lambda, ses, sfn, sns, sqs];

/** The n-th run is of the n-th batch. */
const runOf = (number: number) => ({
  batchId: batchId(number),
  executionArn: executionArn(number),
  redrive: 0,
});
const ofAnother = { ofAnother: true };
const placeOf = (number: number) => ({ study: 'czarhipaa', ...runOf(number) });

let table: TestLedger;
/** Tags of an instance by the filters that find it. */
type InstanceTags = {
  readonly 'tag:czar:batch'?: string;
  readonly 'tag:czar:execution'?: string;
  readonly 'tag:czar:redrive'?: string;
};

/** What is left, by batch. Ending it takes it away. */
let instances: Map<string, InstanceTags>;
/** Volumes and interfaces without an instance, by id: `vol-…` and `eni-…`. */
let orphans: Map<string, InstanceTags>;
let grants: Set<string>;
let queues: Set<string>;
let statuses: Map<string, string>;

beforeEach(async () => {
  table = await startLedger();
  instances = new Map();
  orphans = new Map();
  grants = new Set();
  queues = new Set();
  statuses = new Map();
  for (const mock of mocks) mock.reset();
  ec2.on(DescribeInstancesCommand).callsFake(({ Filters }: { Filters: Filter[] }) => ({
    Reservations: found(instances, Filters).map(({ id: InstanceId, Tags }) => ({
      Instances: [{ InstanceId, State: { Name: 'running' }, Tags }],
    })),
  }));
  const available = (prefix: string, Filters: Filter[]) => {
    expect(Filters).toContainEqual({ Name: 'status', Values: ['available'] });
    return found(orphans, Filters).filter(({ id }) => id.startsWith(prefix));
  };
  ec2.on(DescribeVolumesCommand).callsFake(({ Filters }: { Filters: Filter[] }) => ({
    Volumes: available('vol-', Filters).map(({ id: VolumeId, Tags }) => ({ VolumeId, Tags })),
  }));
  ec2.on(DescribeNetworkInterfacesCommand).callsFake(({ Filters }: { Filters: Filter[] }) => ({
    NetworkInterfaces: available('eni-', Filters).map(({ id: NetworkInterfaceId, Tags }) => ({
      NetworkInterfaceId,
      TagSet: Tags,
    })),
  }));
  ec2.on(DeleteVolumeCommand).callsFake(({ VolumeId }: { VolumeId: string }) => {
    orphans.delete(VolumeId);
    return {};
  });
  ec2
    .on(DeleteNetworkInterfaceCommand)
    .callsFake(({ NetworkInterfaceId }: { NetworkInterfaceId: string }) => {
      orphans.delete(NetworkInterfaceId);
      return {};
    });
  ec2.on(TerminateInstancesCommand).callsFake(({ InstanceIds }: { InstanceIds: string[] }) => {
    for (const id of InstanceIds) instances.delete(id);
    return {};
  });
  kms.on(ListGrantsCommand).callsFake(() => ({
    Grants: [...grants].map((Name) => ({ Name, GrantId: Name })),
  }));
  kms.on(RevokeGrantCommand).callsFake(({ GrantId }: { GrantId: string }) => {
    grants.delete(GrantId);
    return {};
  });
  sqs.on(ListQueuesCommand).callsFake(({ QueueNamePrefix }: { QueueNamePrefix: string }) => ({
    QueueUrls: [...queues].filter((url) => url.split('/').at(-1)!.startsWith(QueueNamePrefix)),
  }));
  sqs.on(GetQueueUrlCommand).callsFake(({ QueueName }: { QueueName: string }) => {
    const QueueUrl = [...queues].find((url) => url.endsWith(`/${QueueName}`));
    if (QueueUrl === undefined) throw awsError('QueueDoesNotExist');
    return { QueueUrl };
  });
  sqs.on(DeleteQueueCommand).callsFake(({ QueueUrl }: { QueueUrl: string }) => {
    queues.delete(QueueUrl);
    return {};
  });
  sfn.on(DescribeExecutionCommand).callsFake(({ executionArn: arn }: { executionArn: string }) => {
    const status = statuses.get(arn);
    if (status === undefined) throw awsError('ExecutionDoesNotExist');
    return { status };
  });
  ses.on(SendEmailCommand).resolves({ MessageId: 'ses-1' });
  sns.on(PublishCommand).resolves({});
});
afterEach(() => table.stop());

interface Filter {
  Name: string;
  Values: string[];
}

/** What passes the filters, with its tags as EC2 tells them. */
function found(all: ReadonlyMap<string, InstanceTags>, filters: Filter[]) {
  return [...all]
    .filter(([, tags]) =>
      filters
        .filter(({ Name }) => Name in tags)
        .every(({ Name, Values }) => tags[Name as keyof typeof tags] === Values[0]),
    )
    .map(([id, tags]) => ({
      id,
      Tags: Object.entries<string | undefined>(tags).map(([name, Value]) => ({
        Key: name.replace(/^tag:/, ''),
        Value,
      })),
    }));
}

/** Tags of what a run's instances left behind. */
const tagsOf = (run: { batchId: string; executionArn: string }): InstanceTags => ({
  'tag:czar:batch': run.batchId,
  'tag:czar:execution': executionName(run.executionArn),
});

/** An instance, a grant and a queue of a run. */
function leaveTraces(number: number, run: Run): void {
  const place = { study: 'czarhipaa', ...run };
  instances.set(`i-0000000000000000${number}`, {
    'tag:czar:batch': run.batchId,
    'tag:czar:execution': executionName(run.executionArn),
    'tag:czar:redrive': String(run.redrive),
  });
  grants.add(grantName(place, 0, 1));
  queues.add(`https://sqs.us-east-1.amazonaws.com/111122223333/${queueName(place)}`);
}

/** A run that has opened its batch and left an instance, a grant and a queue. */
async function leftBy(number: number, status: string): Promise<void> {
  const run = runOf(number);
  await noteBatch(table, run.batchId, monday);
  await sealBatch(table, run.batchId, monday);
  await openBatch(table, { ...run, pipeline: 'vitals-summary', objects: 1 }, monday);
  leaveTraces(number, run);
  statuses.set(run.executionArn, status);
}

const run = (event: unknown, now = monday) =>
  sweep(SweepEvent.parse(event), {
    ec2: new EC2Client({}),
    kms: new KMSClient({}),
    lambda: new LambdaClient({}),
    ses: new SESv2Client({}),
    sfn: new SFNClient({}),
    sns: new SNSClient({}),
    sqs: new SQSClient({}),
    table,
    study: 'czarhipaa',
    keyArn: 'key',
    evidenceFunction: 'evidence',
    topicArn: 'topic',
    mail: { template: 'mail', from: 'from@example.org', to: 'to@example.org' },
    now: () => now,
    sleep: () => Promise.resolve(),
  });

const hourly = { 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} };
const ended = (number: number, status: string, detail: Record<string, unknown> = {}) => ({
  'detail-type': 'Step Functions Execution Status Change',
  source: 'aws.states',
  detail: {
    executionArn: executionArn(number),
    stateMachineArn: 'm',
    status,
    input: JSON.stringify({ batchId: batchId(number), pipeline: 'vitals-summary' }),
    error: null,
    cause: null,
    ...detail,
  },
});
const nothing = {
  batches: 0,
  instances: 0,
  grants: 0,
  queues: 0,
  volumes: 0,
  interfaces: 0,
  outlived: 0,
  closed: 0,
  mails: 0,
  evidence: 0,
};
/** What evidence was asked for, in the order of the calls. */
const asked = () =>
  lambda.commandCalls(InvokeCommand).map(({ args: [{ input }] }) => {
    const { Payload, ...rest } = input;
    return { ...rest, payload: JSON.parse(String(Payload)) as unknown };
  });
const askedFor = (payload: unknown) => ({
  FunctionName: 'evidence',
  InvocationType: 'Event',
  payload,
});
const left = () => [instances.size, grants.size, queues.size];

describe('the hourly sweep', () => {
  it('ends what outlived its execution, and leaves a running batch alone', async () => {
    await leftBy(1, 'ABORTED');
    await leftBy(2, 'RUNNING');

    const swept = await run(hourly);

    expect(swept).toEqual({
      ...nothing,
      batches: 1,
      instances: 1,
      grants: 1,
      queues: 1,
      outlived: 1,
      closed: 1,
      mails: 1,
      evidence: 1,
    });
    expect([...instances.keys()]).toEqual(['i-00000000000000002']);
    expect([...grants]).toEqual([grantName(placeOf(2), 0, 1)]);
    expect(queues.size).toBe(1);
    expect(await getBatch(table, batchId(1))).toMatchObject({
      state: 'FAILED',
      reason: 'ExecutionAborted',
    });
    expect((await getBatch(table, batchId(2)))?.state).toBe('OPEN');
  });

  it('finds nothing to do, and sends no mail, the second time', async () => {
    await leftBy(1, 'TIMED_OUT');
    await run(hourly);
    await noteEvidence(table, runOf(1), { key: 'k' }, monday);
    for (const mock of [ses, sns]) mock.resetHistory();

    expect(await run(hourly)).toEqual(nothing);
    expect(ses).not.toHaveReceivedAnyCommand();
  });

  it.each(['instance', 'grant', 'queue', 'ledger'])(
    'finds a batch by its %s alone',
    async (trace) => {
      await leftBy(1, 'FAILED');
      if (trace !== 'instance') instances.clear();
      if (trace !== 'grant') grants.clear();
      if (trace !== 'queue') queues.clear();
      if (trace !== 'ledger') {
        await closeBatch(table, runOf(1), { state: 'FAILED', reason: 'X' }, monday);
      }

      expect((await run(hourly)).batches).toBe(1);
      expect(left()).toEqual([0, 0, 0]);
    },
  );

  it('leaves machines alone that are no worker’s, as the bastion', async () => {
    instances.set('i-bastion', {});

    expect(await run(hourly)).toEqual(nothing);
    expect(instances.has('i-bastion')).toBe(true);
  });

  it('ends what is left of a batch that no execution ever opened', async () => {
    instances.set('i-1', { 'tag:czar:batch': batchId(7) });

    expect(await run(hourly)).toEqual({ ...nothing, batches: 1, instances: 1, outlived: 1 });
  });

  it('deletes volumes and interfaces without an instance, but none of a run that runs', async () => {
    await leftBy(1, 'FAILED');
    await leftBy(2, 'RUNNING');
    for (const number of [1, 2]) {
      orphans.set(`vol-${number}`, tagsOf(runOf(number)));
      orphans.set(`eni-${number}`, tagsOf(runOf(number)));
    }

    const swept = await run(hourly);

    expect(swept).toMatchObject({ batches: 1, volumes: 1, interfaces: 1, outlived: 3 });
    expect([...orphans.keys()]).toEqual(['vol-2', 'eni-2']);
  });

  it('leaves volumes alone that are no worker’s, as the workbench’s', async () => {
    orphans.set('vol-workbench', {});

    expect(await run(hourly)).toEqual(nothing);
    expect(orphans.has('vol-workbench')).toBe(true);
  });

  it.each(['InvalidVolume.NotFound', 'InvalidNetworkInterfaceID.NotFound'])(
    'goes on where a volume or interface is gone already: %s',
    async (name) => {
      orphans.set('vol-1', tagsOf(runOf(1)));
      orphans.set('eni-1', tagsOf(runOf(1)));
      ec2.on(DeleteVolumeCommand).rejects(awsError(name));
      ec2.on(DeleteNetworkInterfaceCommand).rejects(awsError(name));

      expect(await run(hourly)).toEqual({ ...nothing, batches: 1 });
    },
  );

  it('fails where EC2 does not delete a volume, for the next one to try again', async () => {
    orphans.set('vol-1', tagsOf(runOf(1)));
    ec2.on(DeleteVolumeCommand).rejectsOnce(awsError('VolumeInUse'));

    await expect(run(hourly)).rejects.toMatchObject({ name: 'VolumeInUse' });
  });

  it('counts no instance as one that outlived its execution which is shutting down', async () => {
    await leftBy(1, 'SUCCEEDED');
    const Tags = [{ Key: 'czar:batch', Value: batchId(1) }];
    const State = { Name: 'shutting-down' as const };
    ec2.on(DescribeInstancesCommand).resolves({
      Reservations: [{ Instances: [{ InstanceId: 'i-1', State, Tags }] }],
    });

    expect(await run(hourly)).toMatchObject({ instances: 1, outlived: 0 });
  });

  it('ends nothing of a retry that opens the batch while the sweep looks', async () => {
    await leftBy(1, 'FAILED');
    await closeBatch(table, runOf(1), { state: 'FAILED', reason: 'X' }, monday);
    const retry = { batchId: batchId(1), executionArn: executionArn(3), redrive: 0 };
    sfn.on(DescribeExecutionCommand).callsFake(async () => {
      await reopenBatch(
        table,
        { ...retry, pipeline: 'vitals-summary', objects: 1 },
        ofAnother,
        monday,
      );
      leaveTraces(3, retry);
      return { status: 'FAILED' };
    });

    await run(hourly);

    expect([...instances.keys()]).toEqual(['i-00000000000000003']);
    expect([...grants]).toEqual([grantName({ study: 'czarhipaa', ...retry }, 0, 1)]);
    expect(queues.size).toBe(1);
    expect(await getBatch(table, batchId(1))).toMatchObject({ state: 'OPEN', ...retry });
  });

  it('takes a status that it does not know for one that may go on', async () => {
    await leftBy(1, 'PENDING_REDRIVE');

    expect(await run(hourly)).toEqual(nothing);
    expect(left()).toEqual([1, 1, 1]);
  });

  it('closes a batch as its execution ended: SUCCEEDED', async () => {
    await leftBy(1, 'SUCCEEDED');

    const swept = await run(hourly);

    expect(swept).toMatchObject({ closed: 1, mails: 0 });
    expect((await getBatch(table, batchId(1)))?.state).toBe('SUCCEEDED');
  });

  it('closes the batch of an execution that AWS has forgotten', async () => {
    await leftBy(1, 'ABORTED');
    statuses.clear();

    await run(hourly);

    expect((await getBatch(table, batchId(1)))?.reason).toBe('ExecutionExpired');
  });

  it('sweeps the other batches though one fails, and fails then', async () => {
    await leftBy(1, 'ABORTED');
    await leftBy(2, 'ABORTED');
    ec2
      .on(TerminateInstancesCommand, { InstanceIds: ['i-00000000000000001'] })
      .rejects(awsError('RequestLimitExceeded'));

    await expect(run(hourly)).rejects.toMatchObject({ name: 'RequestLimitExceeded' });

    expect([...instances.keys()]).toEqual(['i-00000000000000001']);
    expect((await getBatch(table, batchId(2)))?.state).toBe('FAILED');
  });
});

describe('the sweep after an execution ended', () => {
  it('ends what it left, closes its batch with its error, and sends the failed mail', async () => {
    await leftBy(1, 'FAILED');

    const swept = await run(ended(1, 'FAILED', { error: 'States.Runtime' }));

    expect(swept).toMatchObject({ batches: 1, instances: 1, closed: 1, mails: 1 });
    expect(left()).toEqual([0, 0, 0]);
    expect((await getBatch(table, batchId(1)))?.reason).toBe('States.Runtime');
    expect(sfn).not.toHaveReceivedAnyCommand();
  });

  it.each(['CANARY: Jane Doe died on 1.1.1970', 'JaneDoe', 'Jane.Doe', 'JaneDoeError'])(
    'repeats nothing that a person typed for the error of StopExecution: %s',
    async (error) => {
      await leftBy(1, 'ABORTED');

      await run(ended(1, 'ABORTED', { error }));

      const told = JSON.stringify([
        await Array.fromAsync(queryItems(table, batchId(1))),
        ses.commandCalls(SendEmailCommand).map(({ args }) => args[0].input),
        sns.commandCalls(PublishCommand).map(({ args }) => args[0].input),
      ]);
      expect(told).not.toMatch(/jane|canary/i);
      expect((await getBatch(table, batchId(1)))?.reason).toBe('ExecutionAborted');
    },
  );

  it('finds an hour later what was typed for it, and does not repeat it either', async () => {
    await leftBy(1, 'ABORTED');
    sfn.on(DescribeExecutionCommand).resolves({ status: 'ABORTED', error: 'JaneDoeError' });

    await run(hourly);

    expect((await getBatch(table, batchId(1)))?.reason).toBe('ExecutionAborted');
    expect(JSON.stringify(ses.commandCalls(SendEmailCommand)[0]?.args[0].input)).not.toMatch(
      /jane/i,
    );
  });

  it('deletes the volumes and interfaces that its instances left behind', async () => {
    await leftBy(1, 'FAILED');
    orphans.set('vol-1', tagsOf(runOf(1)));
    orphans.set('eni-1', tagsOf(runOf(1)));
    orphans.set('vol-2', tagsOf(runOf(2)));

    const swept = await run(ended(1, 'FAILED'));

    expect(swept).toMatchObject({ instances: 1, volumes: 1, interfaces: 1, outlived: 2 });
    expect([...orphans.keys()]).toEqual(['vol-2']);
  });

  it('does nothing more where the execution ended in good order', async () => {
    await leftBy(1, 'FAILED');
    for (const traces of [instances, grants, queues]) traces.clear();
    await closeBatch(table, runOf(1), { state: 'FAILED', reason: 'WorkerLostError' }, monday);
    await recordMail(table, { ...runOf(1), kind: 'failed' }, 'ses-1', monday);

    const swept = await run(ended(1, 'FAILED'));

    expect(swept).toEqual({ ...nothing, batches: 1, evidence: 1 });
    expect((await getBatch(table, batchId(1)))?.reason).toBe('WorkerLostError');
    expect(ses).not.toHaveReceivedAnyCommand();
  });

  it('corrects a batch that was closed SUCCEEDED just before its execution was stopped', async () => {
    await leftBy(1, 'ABORTED');
    await closeBatch(table, runOf(1), { state: 'SUCCEEDED' }, monday);

    await run(ended(1, 'ABORTED'));

    expect((await getBatch(table, batchId(1)))?.state).toBe('FAILED');
  });

  it('touches nothing of the batch that a refused execution had asked for', async () => {
    await leftBy(1, 'RUNNING');

    const swept = await run(ended(2, 'FAILED', { input: JSON.stringify({ batchId: batchId(1) }) }));

    expect(swept).toEqual({ ...nothing, evidence: 1 });
    expect(left()).toEqual([1, 1, 1]);
    expect(ses).not.toHaveReceivedAnyCommand();
  });

  describe('whose batch a retry has opened since', () => {
    /** Run 1 fails, and run 3 opens its batch again and leaves traces beside those of run 1. */
    async function retried(): Promise<Run> {
      await leftBy(1, 'FAILED');
      await closeBatch(table, runOf(1), { state: 'FAILED', reason: 'X' }, monday);
      const retry = { batchId: batchId(1), executionArn: executionArn(3), redrive: 0 };
      await reopenBatch(
        table,
        { ...retry, pipeline: 'vitals-summary', objects: 1 },
        ofAnother,
        monday,
      );
      leaveTraces(3, retry);
      statuses.set(retry.executionArn, 'RUNNING');
      return retry;
    }

    it('ends what the first run left, and nothing of the retry', async () => {
      const retry = await retried();

      const swept = await run(ended(1, 'FAILED'));

      expect(swept).toMatchObject({ instances: 1, grants: 1, queues: 1, closed: 0 });
      expect([...instances.keys()]).toEqual(['i-00000000000000003']);
      expect([...grants]).toEqual([grantName({ study: 'czarhipaa', ...retry }, 0, 1)]);
      expect(queues.size).toBe(1);
      expect(await getBatch(table, batchId(1))).toMatchObject({ state: 'OPEN', ...retry });
    });

    it('has the hourly sweep end it, too, while that retry runs', async () => {
      const retry = await retried();

      const swept = await run(hourly);

      expect(swept).toEqual({
        ...nothing,
        batches: 1,
        instances: 1,
        grants: 1,
        queues: 1,
        outlived: 1,
      });
      expect([...instances.keys()]).toEqual(['i-00000000000000003']);
      expect([...grants]).toEqual([grantName({ study: 'czarhipaa', ...retry }, 0, 1)]);
      expect([...queues]).toEqual([
        expect.stringContaining(queueName({ study: 'czarhipaa', ...retry })),
      ]);
      expect(await getBatch(table, batchId(1))).toMatchObject({ state: 'OPEN', ...retry });
      expect(await run(hourly)).toEqual(nothing);
    });

    it('still sends the mail that the first run could not send', async () => {
      await retried();

      expect(await run(ended(1, 'FAILED'))).toMatchObject({ mails: 1 });
    });
  });

  describe('that was redriven since', () => {
    const redriven = { ...runOf(1), redrive: 1 };
    const opening = { ...redriven, pipeline: 'vitals-summary', objects: 1 };
    const own = { ofAnother: false };

    it('ends the run that ended, and nothing of the one that the redrive opened', async () => {
      await leftBy(1, 'ABORTED');
      await reopenBatch(table, opening, own, monday);
      leaveTraces(3, redriven);

      const swept = await run(ended(1, 'ABORTED', { redriveCount: 0 }));

      expect(swept).toMatchObject({ instances: 1, grants: 1, queues: 1, closed: 0, mails: 1 });
      expect([...instances.keys()]).toEqual(['i-00000000000000003']);
      expect([...grants]).toEqual([grantName({ study: 'czarhipaa', ...redriven }, 0, 1)]);
      expect(queues.size).toBe(1);
      expect(await getBatch(table, batchId(1))).toMatchObject({ state: 'OPEN', redrive: 1 });
      expect(await wasMailSent(table, { ...runOf(1), kind: 'failed' })).toBe(true);
      expect(await wasMailSent(table, { ...redriven, kind: 'failed' })).toBe(false);
    });

    it('ends both when the redrive ends badly, too', async () => {
      await leftBy(1, 'ABORTED');
      await reopenBatch(table, opening, own, monday);
      leaveTraces(3, redriven);

      await run(ended(1, 'ABORTED', { redriveCount: 1 }));

      expect(left()).toEqual([0, 0, 0]);
      expect(await getBatch(table, batchId(1))).toMatchObject({ state: 'FAILED', redrive: 1 });
      expect(await wasMailSent(table, { ...redriven, kind: 'failed' })).toBe(true);
    });

    it('closes the run before where the redrive ended before it opened another', async () => {
      await leftBy(1, 'ABORTED');

      const swept = await run(ended(1, 'ABORTED', { redriveCount: 2 }));

      expect(swept).toMatchObject({ instances: 1, closed: 1, mails: 1 });
      expect(await getBatch(table, batchId(1))).toMatchObject({ state: 'FAILED', redrive: 0 });
      expect(await wasMailSent(table, { ...runOf(1), kind: 'failed' })).toBe(true);
    });

    it('is left alone by the hourly sweep, though it opens its batch while that looks', async () => {
      await leftBy(1, 'ABORTED');
      sfn.on(DescribeExecutionCommand).callsFake(async () => {
        await reopenBatch(table, opening, own, monday);
        leaveTraces(3, redriven);
        return { status: 'ABORTED' };
      });

      await run(hourly);

      expect([...instances.keys()]).toEqual(['i-00000000000000003']);
      expect([...grants]).toEqual([grantName({ study: 'czarhipaa', ...redriven }, 0, 1)]);
      expect(await getBatch(table, batchId(1))).toMatchObject({ state: 'OPEN', redrive: 1 });
    });
  });

  it.each([
    ['is no JSON', 'CANARY Jane Doe'],
    ['is no object', '"x"'],
    ['names no batch', '{"batchId":"CANARY"}'],
    ['is missing', null],
  ])('ends nothing where the input %s, and asks for evidence all the same', async (_, input) => {
    expect(await run(ended(1, 'FAILED', { input }))).toEqual({ ...nothing, evidence: 1 });
  });

  it('refuses an event of an execution that runs, which no rule sends', () => {
    expect(SweepEvent.safeParse(ended(1, 'RUNNING')).success).toBe(false);
  });
});

describe('the evidence of a run', () => {
  const monthsLater = (months: number) => new Date(Date.UTC(2026, 2 + months, 2));

  /** A batch that has ended, and left nothing. */
  async function over(number: number, reason = 'WorkerLostError', at = monday): Promise<void> {
    await leftBy(number, 'FAILED');
    for (const traces of [instances, grants, queues]) traces.clear();
    await closeBatch(table, runOf(number), { state: 'FAILED', reason }, at);
  }

  it('is asked for when its end was swept, by execution and redrive, without waiting', async () => {
    await over(1);

    await run(ended(1, 'FAILED', { redriveCount: 2 }));

    expect(asked()).toEqual([askedFor({ executionArn: executionArn(1), redrive: 2 })]);
  });

  it('is not asked for by a sweep that fails: it is written once, when all else is done', async () => {
    await leftBy(1, 'FAILED');
    ec2.on(TerminateInstancesCommand).rejects(awsError('RequestLimitExceeded'));

    await expect(run(ended(1, 'FAILED'))).rejects.toMatchObject({ name: 'RequestLimitExceeded' });

    expect(asked()).toEqual([]);
  });

  it('is all that is done for one that SUCCEEDED: no look, no mail, no word in the ledger', async () => {
    await leftBy(1, 'SUCCEEDED');
    const before = await Array.fromAsync(queryItems(table, batchId(1)));

    const swept = await run(ended(1, 'SUCCEEDED'));

    expect(swept).toEqual({ ...nothing, evidence: 1 });
    expect(asked()).toEqual([askedFor({ executionArn: executionArn(1), redrive: 0 })]);
    for (const mock of mocks.filter((one) => one !== lambda)) {
      expect(mock).not.toHaveReceivedAnyCommand();
    }
    expect(left()).toEqual([1, 1, 1]);
    expect(await Array.fromAsync(queryItems(table, batchId(1)))).toEqual(before);
  });

  it('is asked for by the hourly sweep where a batch has ended and none is on record', async () => {
    await over(1);
    await over(2);
    await noteEvidence(table, runOf(2), { key: 'k' }, monday);
    await leftBy(3, 'RUNNING');

    const swept = await run(hourly);

    expect(swept.evidence).toBe(1);
    expect(asked()).toEqual([askedFor({ executionArn: executionArn(1) })]);
  });

  it('is asked for in the very sweep that closes its batch', async () => {
    await leftBy(1, 'ABORTED');

    await run(hourly);

    expect(asked()).toEqual([askedFor({ executionArn: executionArn(1) })]);
  });

  it('is asked for though another batch cannot be swept', async () => {
    await over(1);
    await leftBy(2, 'ABORTED');
    ec2.on(TerminateInstancesCommand).rejects(awsError('RequestLimitExceeded'));

    await expect(run(hourly)).rejects.toMatchObject({ name: 'RequestLimitExceeded' });

    expect(asked()).toEqual([askedFor({ executionArn: executionArn(1) })]);
  });

  it('is given up where AWS has forgotten the execution, or will have soon', async () => {
    await over(1, 'ExecutionExpired');
    await over(2);

    const early = await run(hourly, monthsLater(2));
    const late = await run(hourly, monthsLater(3));

    expect([early.evidence, late.evidence]).toEqual([1, 0]);
    expect(asked()).toEqual([askedFor({ executionArn: executionArn(2) })]);
  });

  it('is asked for a hundred at a time', async () => {
    for (let number = 1; number <= mostAtOnce + 1; number += 1) await over(number);

    expect((await run(hourly)).evidence).toBe(100);
  });
});
