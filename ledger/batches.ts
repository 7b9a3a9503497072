import { BatchItem, type StoredResult } from '../workflow/model/ledger-items.ts';
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

/** Notes that a batch exists. A second call, or one after the seal, changes nothing. */
export async function noteBatch(table: LedgerTable, batchId: string, now: Date): Promise<void> {
  await updateItem(table, {
    batchId,
    item: batch,
    update: 'SET #state = :uploading, kind = :kind, createdAt = :now',
    condition: 'attribute_not_exists(batchId)',
    names: state,
    values: { ':uploading': 'UPLOADING', ':kind': 'BATCH', ':now': now.toISOString() },
  });
}

/** Seals a batch: its manifest has arrived. A second call, or one after the opening, changes nothing. */
export async function sealBatch(table: LedgerTable, batchId: string, now: Date): Promise<void> {
  await updateItem(table, {
    batchId,
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
 * Opens a sealed batch for one execution: the one write that decides who runs it.
 *
 * Answers false where the batch is not sealed or another execution has it; true again for a
 * repeated call of the same execution.
 */
export async function openBatch(
  table: LedgerTable,
  run: { batchId: string; executionArn: string; pipeline: string; objects: number },
  now: Date,
): Promise<boolean> {
  const opened = await updateItem(table, {
    batchId: run.batchId,
    item: batch,
    update:
      'SET #state = :open, executionArn = :execution, pipeline = :pipeline, #objects = :objects, openedAt = if_not_exists(openedAt, :now)',
    condition: '#state = :sealed OR (#state = :open AND executionArn = :execution)',
    names: { ...state, '#objects': 'objects' },
    values: {
      ':sealed': 'SEALED',
      ':open': 'OPEN',
      ':execution': run.executionArn,
      ':pipeline': run.pipeline,
      ':objects': run.objects,
      ':now': now.toISOString(),
    },
  });
  return opened !== undefined;
}

/** Notes where the consolidated result lies. Only the execution that has the batch open may. */
export async function recordBatchResult(
  table: LedgerTable,
  run: { batchId: string; executionArn: string },
  result: StoredResult,
): Promise<boolean> {
  const recorded = await updateItem(table, {
    batchId: run.batchId,
    item: batch,
    update: 'SET #result = :result',
    condition: '#state = :open AND executionArn = :execution',
    names: { ...state, '#result': 'result' },
    values: { ':result': result, ':open': 'OPEN', ':execution': run.executionArn },
  });
  return recorded !== undefined;
}

/**
 * Closes a batch with its execution's outcome; only the execution that opened it can.
 *
 * Answers false where the batch is not this execution's. The outcome of an execution that was
 * stopped after it closed its batch replaces what it wrote: the execution's status is the truth.
 */
export async function closeBatch(
  table: LedgerTable,
  run: { batchId: string; executionArn: string },
  outcome: { state: 'SUCCEEDED' | 'FAILED'; reason?: string | undefined },
  now: Date,
): Promise<boolean> {
  const closed = await updateItem(table, {
    batchId: run.batchId,
    item: batch,
    update: 'SET #state = :outcome, reason = :reason, closedAt = if_not_exists(closedAt, :now)',
    condition: 'executionArn = :execution',
    names: state,
    values: {
      ':outcome': outcome.state,
      ':reason': outcome.reason ?? '',
      ':execution': run.executionArn,
      ':now': now.toISOString(),
    },
  });
  return closed !== undefined;
}
