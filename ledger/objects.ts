import {
  type Claim,
  type FailureReason,
  type ObjectCounts,
  ObjectItem,
  passingReasons,
  type StoredResult,
} from '../workflow/model/ledger-items.ts';
import { getItem, type LedgerTable, queryItems, queryItemsFrom, updateItem } from './table.ts';

const prefix = 'OBJECT#';
const state = { '#state': 'state' };

const sortKey = (objectId: string): string => prefix + objectId;

/** Turns an item of the table into the model's: the sort key becomes the object's id. */
function parse({ item, ...rest }: Record<string, unknown>): ObjectItem {
  return ObjectItem.parse({ ...rest, objectId: String(item).slice(prefix.length) });
}

/** Names one object. */
export interface ObjectPlace {
  readonly batchId: string;
  readonly objectId: string;
}

/** Reads one object. */
export async function getObject(
  table: LedgerTable,
  { batchId, objectId }: ObjectPlace,
): Promise<ObjectItem | undefined> {
  const found = await getItem(table, batchId, sortKey(objectId));
  return found === undefined ? undefined : parse(found);
}

/** Reads all objects of a batch, sorted by id, page by page. */
export async function* listObjects(
  table: LedgerTable,
  batchId: string,
): AsyncGenerator<ObjectItem, void> {
  for await (const found of queryItems(table, batchId, prefix)) yield parse(found);
}

/** Reads the objects of a batch behind one of them, sorted by id, page by page: for whoever pages on. */
export async function* listObjectsAfter(
  table: LedgerTable,
  { batchId, objectId }: ObjectPlace,
): AsyncGenerator<ObjectItem, void> {
  for await (const found of queryItemsFrom(table, batchId, sortKey(objectId))) {
    if (!String(found.item).startsWith(prefix)) return;
    if (found.item !== sortKey(objectId)) yield parse(found);
  }
}

/** Counts a batch's objects by state: reads all of them, so it is for opens, ends and people. */
export async function countObjects(table: LedgerTable, batchId: string): Promise<ObjectCounts> {
  const counts = { REGISTERED: 0, CLAIMED: 0, DONE: 0, FAILED: 0 };
  for await (const object of listObjects(table, batchId)) counts[object.state] += 1;
  return counts;
}

/** Registers an object that arrived. A repeated, late or reordered event changes nothing. */
export async function registerObject(
  table: LedgerTable,
  { batchId, objectId, sizeBytes }: ObjectPlace & { sizeBytes: number },
  now: Date,
): Promise<void> {
  await updateItem(table, {
    partition: batchId,
    item: sortKey(objectId),
    update: 'SET #state = :registered, registeredAt = :now, sizeBytes = :size',
    condition: 'attribute_not_exists(batchId)',
    names: state,
    values: { ':registered': 'REGISTERED', ':now': now.toISOString(), ':size': sizeBytes },
  });
}

/**
 * Whether a run has an object still to do that it has not entered: all of them in the first run; in
 * a retry those that no worker ended, and those that failed for a reason which may pass.
 */
export function isToEnter({ state: at, reason, run = 0 }: ObjectItem, number: number): boolean {
  if (run >= number || at === 'DONE') return false;
  return at !== 'FAILED' || (reason !== undefined && passingReasons.includes(reason));
}

/**
 * Enters a listed object into a run: notes its digest, and registers it where its event has not come
 * yet, or where an earlier run left it or failed it.
 *
 * Whether it is really there is for the worker to find. Once for each run, so that a late repetition,
 * or an earlier run's, takes nothing from a worker. Answers false where {@link isToEnter} is false.
 */
export async function listObject(
  table: LedgerTable,
  entry: ObjectPlace & { sizeBytes: number; sha256: string; run: number },
  now: Date,
): Promise<boolean> {
  const reasons = Object.fromEntries(
    passingReasons.map((reason, index) => [`:reason${index}`, reason]),
  );
  const updated = await updateItem(table, {
    partition: entry.batchId,
    item: sortKey(entry.objectId),
    update:
      'SET #state = :registered, registeredAt = if_not_exists(registeredAt, :now), sizeBytes = if_not_exists(sizeBytes, :size), sha256 = :sha256, #run = :run REMOVE claim, reason, pipelineReason, endedAt',
    condition: [
      '(attribute_not_exists(#run) OR #run < :run)',
      `(attribute_not_exists(#state) OR #state IN (:registered, :claimed) OR (#state = :failed AND reason IN (${Object.keys(reasons).join(', ')})))`,
    ].join(' AND '),
    names: { ...state, '#run': 'run' },
    values: {
      ...reasons,
      ':registered': 'REGISTERED',
      ':claimed': 'CLAIMED',
      ':failed': 'FAILED',
      ':now': now.toISOString(),
      ':size': entry.sizeBytes,
      ':sha256': entry.sha256,
      ':run': entry.run,
    },
  });
  return updated !== undefined;
}

/** What came of a try to claim an object. */
export type ClaimOutcome =
  | { readonly kind: 'claimed' }
  /** DONE or FAILED already: the message can be deleted. */
  | { readonly kind: 'ended' }
  /** Another message of the same object is being worked on: this one is a duplicate. */
  | { readonly kind: 'duplicate' }
  /** This very delivery, or a later one of the message, is being worked on: leave it alone. */
  | { readonly kind: 'busy' }
  /** Not in the ledger. */
  | { readonly kind: 'unknown' };

/**
 * Claims an object for one delivery of its message.
 *
 * Held back where a claim of the same run stands that is not older than this delivery of the
 * same message: see {@link Claim} for why receive counts and not a clock decide.
 */
export async function claimObject(
  table: LedgerTable,
  place: ObjectPlace,
  claim: Claim,
): Promise<ClaimOutcome> {
  const claimed = await updateItem(table, {
    partition: place.batchId,
    item: sortKey(place.objectId),
    update:
      'SET #state = :claimed, claim = :claim, attempts = if_not_exists(attempts, :zero) + :one',
    condition: [
      '#state = :registered',
      '(#state = :claimed AND (claim.executionArn <> :execution OR claim.redrive <> :redrive))',
      '(#state = :claimed AND claim.messageId = :message AND claim.receiveCount < :count)',
    ].join(' OR '),
    names: state,
    values: {
      ':registered': 'REGISTERED',
      ':claimed': 'CLAIMED',
      ':claim': claim,
      ':zero': 0,
      ':one': 1,
      ':execution': claim.executionArn,
      ':redrive': claim.redrive,
      ':message': claim.messageId,
      ':count': claim.receiveCount,
    },
  });
  if (claimed !== undefined) return { kind: 'claimed' };
  const object = await getObject(table, place);
  if (object === undefined) return { kind: 'unknown' };
  if (object.state === 'DONE' || object.state === 'FAILED') return { kind: 'ended' };
  // Written before, by a try whose answer got lost.
  if (object.claim?.claimId === claim.claimId) return { kind: 'claimed' };
  return { kind: object.claim?.messageId === claim.messageId ? 'busy' : 'duplicate' };
}

/**
 * Marks an object done. Answers false where its claim is no longer this one: the write is dropped. A
 * repeated call changes nothing.
 */
export async function completeObject(
  table: LedgerTable,
  place: ObjectPlace,
  claimId: string,
  result: StoredResult,
  now: Date,
): Promise<boolean> {
  const updated = await updateItem(table, {
    partition: place.batchId,
    item: sortKey(place.objectId),
    update: 'SET #state = :done, #result = :result, endedAt = if_not_exists(endedAt, :now)',
    condition: '#state IN (:claimed, :done) AND claim.claimId = :claimId',
    names: { ...state, '#result': 'result' },
    values: {
      ':done': 'DONE',
      ':claimed': 'CLAIMED',
      ':result': result,
      ':claimId': claimId,
      ':now': now.toISOString(),
    },
  });
  return updated !== undefined;
}

/** Why an object failed. */
export interface Failure {
  readonly reason: FailureReason;
  readonly pipelineReason?: string | undefined;
}

/** Marks a claimed object failed, else as {@link completeObject}. */
export async function failObject(
  table: LedgerTable,
  place: ObjectPlace,
  claimId: string,
  failure: Failure,
  now: Date,
): Promise<boolean> {
  const condition = '#state IN (:claimed, :failed) AND claim.claimId = :claimId';
  const values = { ':claimed': 'CLAIMED', ':claimId': claimId };
  return markFailed(table, place, failure, now, condition, values);
}

/** Marks a left-over object failed. Answers false where a later run has entered it since it was read. */
export async function abandonObject(
  table: LedgerTable,
  { run, ...place }: ObjectPlace & Pick<ObjectItem, 'run'>,
  reason: FailureReason,
  now: Date,
): Promise<boolean> {
  const asRead = run === undefined ? 'attribute_not_exists(run)' : 'run = :run';
  const condition = `#state IN (:registered, :claimed) AND ${asRead}`;
  const values = { ':registered': 'REGISTERED', ':claimed': 'CLAIMED', ':run': run };
  return markFailed(table, place, { reason }, now, condition, values);
}

async function markFailed(
  table: LedgerTable,
  place: ObjectPlace,
  { reason, pipelineReason }: Failure,
  now: Date,
  condition: string,
  values: Record<string, unknown>,
): Promise<boolean> {
  const withPipelineReason =
    pipelineReason === undefined ? '' : ', pipelineReason = :pipelineReason';
  const updated = await updateItem(table, {
    partition: place.batchId,
    item: sortKey(place.objectId),
    update: `SET #state = :failed, reason = :reason, endedAt = if_not_exists(endedAt, :now)${withPipelineReason}`,
    condition,
    names: state,
    values: {
      ...values,
      ':failed': 'FAILED',
      ':reason': reason,
      ':pipelineReason': pipelineReason,
      ':now': now.toISOString(),
    },
  });
  return updated !== undefined;
}
