import { createHash } from 'node:crypto';
import {
  DescribeExecutionCommand,
  DescribeStateMachineForExecutionCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import { getBatch } from '../ledger/batches.ts';
import { mailSentAt } from '../ledger/mails.ts';
import { listObjects } from '../ledger/objects.ts';
import type { LedgerTable } from '../ledger/table.ts';
import { MailKind } from '../workflow/model/mail.ts';
import { EvidenceError } from './evidence-error.ts';
import type { AccessRecord } from './access/access-record.ts';
import { RunCalls } from './access/run-calls.ts';
import type { AssemblyDigests } from './assembly-digests.ts';
import {
  batchOf,
  composeRunRecord,
  type DescribedExecution,
  openedBatch,
} from './compose-run-record.ts';
import { foldHistory } from './history/fold-history.ts';
import type { HistoryEvent } from './history/history-event.ts';
import { readHistory } from './history/read-history.ts';
import type { RunRecord } from './run-record.ts';

/** Where a run's record is read from, with the auditor's rights. */
export interface RecordSources {
  readonly study: string;
  readonly sfn: SFNClient;
  readonly ledger: LedgerTable;
  /**
   * The access log, in any order: from before the start, to know who started, until after the end.
   *
   * Without one the record has no `access`. On AWS, management events hold the start of executions,
   * launches and ends of instances, grants and their ends, each use of a key, and queues, unless the
   * trail leaves out events of KMS. Single messages, objects and items are data events, which
   * evidence does not need. Records arrive up to a quarter of an hour late: what has not arrived
   * looks as if it had not happened. Volumes are in no call: they come and go with their instance,
   * and Prove Evaporated looks for them by tag.
   */
  readonly accessLog?: AsyncIterable<AccessRecord>;
  readonly digests?: AssemblyDigests;
}

/** A record, and what stands beside it in a bundle. */
export interface RunEvidence {
  readonly record: RunRecord;
  /** The ASL, parsed, that the execution ran: its graph is drawn from it. */
  readonly definition: unknown;
  /** The same as Step Functions has it, character by character: `definitionSha256` is of this text. */
  readonly definitionText: string;
  /** The history, in order. Answers of states are among it: it is to be copied field by field. */
  readonly events: readonly HistoryEvent[];
}

/**
 * Reads the record of an execution, whether it has ended or not.
 *
 * Works the same against AWS and the embedded cloud. The ledger is read as it is now: after another
 * execution of the same batch it tells of that one. Memory grows with the batch's objects.
 *
 * @throws EvidenceError where the history is not one of a batch.
 */
export async function readRunRecord(
  sources: RecordSources,
  executionArn: string,
): Promise<RunRecord> {
  return (await readRunEvidence(sources, executionArn)).record;
}

/** Reads the record of an execution together with its definition; else as {@link readRunRecord}. */
export async function readRunEvidence(
  sources: RecordSources,
  executionArn: string,
): Promise<RunEvidence> {
  const { study, sfn, ledger, accessLog, digests } = sources;
  const execution = await describeExecution(sfn, executionArn);
  const { definition = '' } = await sfn.send(
    new DescribeStateMachineForExecutionCommand({ executionArn }),
  );
  const events: HistoryEvent[] = await Array.fromAsync(readHistory(sfn, executionArn));
  const history = foldHistory(events);
  const batchId = batchOf(execution.input);
  const found = batchId === undefined ? undefined : await getBatch(ledger, batchId);
  // One that was stopped while it opened the batch has no event of it, and the ledger has.
  const hasOpened = openedBatch(history) || found?.executionArn === executionArn;
  const opened = hasOpened ? batchId : undefined;
  const record = composeRunRecord({
    study,
    execution,
    definitionSha256: createHash('sha256').update(definition).digest('hex'),
    history,
    batch: opened === undefined ? undefined : found,
    objects: opened === undefined ? [] : await Array.fromAsync(listObjects(ledger, opened)),
    mails: batchId === undefined ? [] : await readMails(ledger, batchId, execution),
    calls: accessLog && (await readCalls(accessLog, { study, executionArn, batchId })),
    digests,
  });
  return {
    record,
    definition: JSON.parse(definition) as unknown,
    definitionText: definition,
    events,
  };
}

/** Reads what Step Functions says of an execution itself. */
export async function describeExecution(
  sfn: SFNClient,
  executionArn: string,
): Promise<DescribedExecution> {
  const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
  const { stateMachineArn, status, startDate, stopDate, error, redriveCount = 0, input } = found;
  if (stateMachineArn === undefined || startDate === undefined) {
    throw new EvidenceError('Step Functions described an execution without machine or start');
  }
  if (status === undefined || status === 'PENDING_REDRIVE') {
    throw new EvidenceError('the execution is about to be redriven: read it when it runs');
  }
  return {
    executionArn,
    stateMachineArn,
    status,
    started: startDate,
    ended: stopDate,
    error,
    redrives: redriveCount,
    input,
  };
}

/** The mails of all runs of an execution, in the order in which they were sent. */
async function readMails(
  ledger: LedgerTable,
  batchId: string,
  { executionArn, redrives }: DescribedExecution,
): Promise<RunRecord['mails']> {
  const mails: RunRecord['mails'] = [];
  for (let redrive = 0; redrive <= redrives; redrive += 1) {
    for (const kind of MailKind.options) {
      const sentAt = await mailSentAt(ledger, { batchId, executionArn, redrive, kind });
      if (sentAt !== undefined) mails.push({ kind, redrive, sentAt });
    }
  }
  return mails.toSorted((a, b) => Date.parse(a.sentAt) - Date.parse(b.sentAt));
}

async function readCalls(
  log: AsyncIterable<AccessRecord>,
  of: ConstructorParameters<typeof RunCalls>[0],
): Promise<RunCalls> {
  const calls = new RunCalls(of);
  for await (const record of log) calls.take(record);
  return calls;
}
