import {
  BatchItem,
  type StoredEvidence,
  type StoredResult,
} from '../workflow/model/ledger-items.ts';
import { getItem, type LedgerTable, queryBatches, updateItem } from './table.ts';

const batch = 'BATCH';
const state = { '#state': 'state' };

/** Drops what only the table needs: the keys of item and index. */
function parse({ item, kind, ...rest }: Record<string, unknown>): BatchItem {
  return BatchItem.parse(rest);
}

/** Reads a batch; undefined where nothing was ever uploaded to it. */
export async function getBatch(
  table: LedgerTable,
  batchId: string,
): Promise<BatchItem | undefined> {
  const found = await getItem(table, batchId, batch);
  return found === undefined ? undefined : parse(found);
}

/** Reads all batches, newest first. */
export async function* listBatches(table: LedgerTable): AsyncGenerator<BatchItem> {
  for await (const found of queryBatches(table)) yield parse(found);
}

/**
 * Notes that a batch exists. A second call, or one after the seal, changes nothing.
 *
 * Answers false where it was noted before.
 */
export async function noteBatch(table: LedgerTable, batchId: string, now: Date): Promise<boolean> {
  const noted = await updateItem(table, {
    partition: batchId,
    item: batch,
    update: 'SET #state = :uploading, kind = :kind, createdAt = :now',
    condition: 'attribute_not_exists(batchId)',
    names: state,
    values: { ':uploading': 'UPLOADING', ':kind': 'BATCH', ':now': now.toISOString() },
  });
  return noted !== undefined;
}

/** Seals a batch: its manifest has arrived. A second call, or one after the opening, changes nothing. */
export async function sealBatch(table: LedgerTable, batchId: string, now: Date): Promise<void> {
  await updateItem(table, {
    partition: batchId,
    item: batch,
    update:
      'SET #state = :sealed, kind = :kind, createdAt = if_not_exists(createdAt, :now), sealedAt = :now',
    condition: 'attribute_not_exists(batchId) OR #state = :uploading',
    names: state,
    values: {
      ':sealed': 'SEALED',
      ':uploading': 'UPLOADING',
      ':kind': 'BATCH',
      ':now': now.toISOString(),
    },
  });
}

/**
 * Reserves a batch that is not open for one execution, in place of the one that had it reserved.
 *
 * Answers false where the batch was opened, or reserved for another one, in between. A repeated
 * call of the same execution holds again.
 */
export async function reserveBatch(
  table: LedgerTable,
  run: { batchId: string; executionArn: string },
  instead: string | undefined,
): Promise<boolean> {
  const reserved = await updateItem(table, {
    partition: run.batchId,
    item: batch,
    update: 'SET reservedBy = :execution',
    condition:
      '#state IN (:sealed, :failed) AND (attribute_not_exists(reservedBy) OR reservedBy IN (:execution, :instead))',
    names: state,
    values: {
      ':sealed': 'SEALED',
      ':failed': 'FAILED',
      ':execution': run.executionArn,
      ':instead': instead ?? run.executionArn,
    },
  });
  return reserved !== undefined;
}

/** A run: of this execution, and of this redrive of it. */
interface BatchRun {
  readonly batchId: string;
  readonly executionArn: string;
  readonly redrive: number;
}

/** Holds for the run that opened the batch last. */
const isOwn = 'executionArn = :execution AND redrive = :redrive';

/** A run that opens a batch. */
export interface Opening extends BatchRun {
  readonly pipeline: string;
  /** Objects in the listing. */
  readonly objects: number;
}

/**
 * Opens a sealed batch for one run: the one write that decides who runs it.
 *
 * Answers undefined where the batch is not sealed or another run has it; the open batch again for a
 * repeated call of the same one.
 */
export async function openBatch(
  table: LedgerTable,
  run: Opening,
  now: Date,
): Promise<BatchItem | undefined> {
  const opened = await updateItem(table, {
    partition: run.batchId,
    item: batch,
    update:
      'SET #state = :open, executionArn = :execution, redrive = :redrive, pipeline = :pipeline, #objects = :objects, runs = :one, openedAt = if_not_exists(openedAt, :now)',
    condition: `#state = :sealed OR (#state = :open AND ${isOwn})`,
    names: { ...state, '#objects': 'objects' },
    values: {
      ':sealed': 'SEALED',
      ':open': 'OPEN',
      ':execution': run.executionArn,
      ':redrive': run.redrive,
      ':pipeline': run.pipeline,
      ':objects': run.objects,
      ':one': 1,
      ':now': now.toISOString(),
    },
  });
  return opened === undefined ? undefined : parse(opened);
}

/**
 * Opens a batch again that FAILED, as one write decides, too: after a run of the same execution that
 * was redriven since, or, with `ofAnother`, of any other execution.
 *
 * FAILED is written when nothing is left to do for the run before, or by the sweeper behind it. What
 * that one still writes is refused, because the batch is no longer its own. A redrive also finds the
 * batch OPEN, when it overtakes that sweeper: Step Functions has ended the run before. Answers
 * undefined where another run has the batch, or had it with another pipeline; the open batch again
 * for a repeated call of the same run.
 */
export async function reopenBatch(
  table: LedgerTable,
  run: Opening,
  { ofAnother }: { readonly ofAnother: boolean },
  now: Date,
): Promise<BatchItem | undefined> {
  const redriven =
    '#state IN (:failed, :open) AND executionArn = :execution AND redrive < :redrive';
  const openable = ofAnother
    ? `(${redriven}) OR (#state = :failed AND executionArn <> :execution)`
    : redriven;
  const reopened = await updateItem(table, {
    partition: run.batchId,
    item: batch,
    update:
      'SET #state = :open, retryOf = executionArn, retryOfRedrive = if_not_exists(redrive, :zero), executionArn = :execution, redrive = :redrive, #objects = :objects, runs = if_not_exists(runs, :one) + :one, openedAt = :now REMOVE closedAt, reason, evidence',
    condition: `pipeline = :pipeline AND (${openable})`,
    names: { ...state, '#objects': 'objects' },
    values: {
      ':failed': 'FAILED',
      ':open': 'OPEN',
      ':execution': run.executionArn,
      ':redrive': run.redrive,
      ':pipeline': run.pipeline,
      ':objects': run.objects,
      ':zero': 0,
      ':one': 1,
      ':now': now.toISOString(),
    },
  });
  if (reopened !== undefined) return parse(reopened);
  const found = await getBatch(table, run.batchId);
  return found?.state === 'OPEN' && isOf(found, run) ? found : undefined;
}

/** Whether a run is the one that opened the batch last. */
function isOf(batch: BatchItem, { executionArn, redrive }: BatchRun): boolean {
  return batch.executionArn === executionArn && batch.redrive === redrive;
}

/** Notes where the consolidated result lies. Only the run that has the batch open may. */
export async function recordBatchResult(
  table: LedgerTable,
  run: BatchRun,
  result: StoredResult,
): Promise<boolean> {
  const recorded = await updateItem(table, {
    partition: run.batchId,
    item: batch,
    update: 'SET #result = :result',
    condition: `#state = :open AND ${isOwn}`,
    names: { ...state, '#result': 'result' },
    values: {
      ':result': result,
      ':open': 'OPEN',
      ':execution': run.executionArn,
      ':redrive': run.redrive,
    },
  });
  return recorded !== undefined;
}

/**
 * Closes a batch with a run's outcome; only the run that opened it can.
 *
 * Answers false where the batch is not this run's, or has FAILED and is to have SUCCEEDED: FAILED
 * replaces SUCCEEDED, because an execution can be stopped after it closed its batch, and never the
 * other way round: what a stopped execution's last function still writes comes too late.
 */
export async function closeBatch(
  table: LedgerTable,
  run: BatchRun,
  outcome: { state: 'SUCCEEDED' | 'FAILED'; reason?: string | undefined },
  now: Date,
): Promise<boolean> {
  const closed = await updateItem(table, {
    partition: run.batchId,
    item: batch,
    update: 'SET #state = :outcome, reason = :reason, closedAt = if_not_exists(closedAt, :now)',
    condition: outcome.state === 'FAILED' ? isOwn : `${isOwn} AND #state <> :failed`,
    names: state,
    values: {
      ':outcome': outcome.state,
      ':failed': outcome.state === 'FAILED' ? undefined : 'FAILED',
      ':reason': outcome.reason ?? '',
      ':execution': run.executionArn,
      ':redrive': run.redrive,
      ':now': now.toISOString(),
    },
  });
  return closed !== undefined;
}

/**
 * Notes where a run's evidence lies; the first note counts. The run is the one that opened the batch
 * last, or a redrive of it that did not come so far. That of any other changes nothing: it is found by
 * its name.
 */
export async function noteEvidence(
  table: LedgerTable,
  run: BatchRun,
  evidence: Omit<StoredEvidence, 'notedAt'>,
  now: Date,
): Promise<boolean> {
  const noted = await updateItem(table, {
    partition: run.batchId,
    item: batch,
    update: 'SET evidence = if_not_exists(evidence, :evidence)',
    condition: 'executionArn = :execution AND redrive <= :redrive',
    values: {
      ':evidence': { ...evidence, notedAt: now.toISOString() },
      ':execution': run.executionArn,
      ':redrive': run.redrive,
    },
  });
  return noted !== undefined;
}
