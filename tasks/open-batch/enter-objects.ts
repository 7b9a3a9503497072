import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { abandonObject, isToEnter, listObject, listObjects } from '../../ledger/objects.ts';
import type { LedgerTable } from '../../ledger/table.ts';
import {
  AwsUnavailableError,
  ContractError,
  StillOpeningError,
} from '../../workflow/model/errors.ts';
import type { ObjectItem } from '../../workflow/model/ledger-items.ts';
import type { ListingEntry, ObjectMessage } from '../../workflow/model/manifest.ts';
import { forEachBounded } from '../../runtime/for-each-bounded.ts';
import { type Joined, mergeJoin } from '../../runtime/merge-join.ts';

export interface EnterDeps {
  readonly sqs: SQSClient;
  readonly table: LedgerTable;
  readonly now: () => Date;
}

/** A run's queue, to be filled. */
export interface RunQueue {
  readonly batchId: string;
  readonly queueUrl: string;
  /** The run by its number: a retry enters what the runs before it left. */
  readonly run: number;
  /** No object is entered: the batch's result is stored, and tells of those that were DONE by then. */
  readonly isSettled: boolean;
  readonly until: Date;
}

type Pair = Joined<ListingEntry, ObjectItem>;

/** SQS takes ten messages a call. */
const messagesPerCall = 10;

/**
 * Groups of ten worked on at once. 16 of them keep 160 writes of some 5 ms under way: far more than
 * the 1,000 a second that one DynamoDB partition takes, which is what decides the speed.
 */
const groupsAtOnce = 16;

/** Tries of a message that SQS did not take, though it took others of the same call. */
const sendTries = 4;

/**
 * Enters a batch's objects: listed ones into ledger and queue, those not listed as FAILED. Answers
 * how many were not listed.
 *
 * The message is sent first and the run's number written after it, so that number in the ledger
 * says that the object was enqueued: a repeated call skips what an earlier one did, and sends at most
 * the groups again that were under way when that one ended. The claim tells duplicates apart.
 *
 * @throws StillOpeningError when `until` has come before the end.
 */
export async function enterObjects(
  queue: RunQueue,
  listing: AsyncGenerator<ListingEntry, void>,
  deps: EnterDeps,
): Promise<number> {
  const pairs = mergeJoin(listing, listObjects(deps.table, queue.batchId));
  let notListed = 0;
  await forEachBounded(groupsOf(pairs, messagesPerCall), groupsAtOnce, async (group) => {
    if (deps.now() > queue.until) {
      throw new StillOpeningError(
        `batch ${queue.batchId} has more objects than one call can enter`,
      );
    }
    const strangers = group.flatMap(({ left, right }) =>
      left === undefined && right ? [right] : [],
    );
    notListed += strangers.length;
    await Promise.all([
      enter(
        group.filter((pair) => isOpen(pair, queue)),
        queue,
        deps,
      ),
      ...strangers.map(({ batchId, objectId }) =>
        abandonObject(deps.table, { batchId, objectId }, 'NOT_IN_MANIFEST', deps.now()),
      ),
    ]);
  });
  return notListed;
}

/** Whether an object is listed and still to enter: not entered by an earlier call, and not ended. */
function isOpen({ left, right }: Pair, { run, isSettled }: RunQueue): boolean {
  if (isSettled) return false;
  return left !== undefined && (right === undefined || isToEnter(right, run));
}

async function enter(
  pairs: readonly Pair[],
  { batchId, queueUrl, run }: RunQueue,
  { sqs, table, now }: EnterDeps,
): Promise<void> {
  const entries = pairs.flatMap(({ left }) => left ?? []);
  const messages = entries.map(({ objectId }) => ({ version: 1 as const, batchId, objectId }));
  await sendMessages(sqs, queueUrl, messages);
  await Promise.all(entries.map((entry) => listObject(table, { batchId, run, ...entry }, now())));
}

/** @throws AwsUnavailableError when SQS keeps refusing some of the messages. */
async function sendMessages(
  sqs: SQSClient,
  queueUrl: string,
  messages: readonly ObjectMessage[],
): Promise<void> {
  let open = messages.map((message) => ({
    Id: message.objectId,
    MessageBody: JSON.stringify(message),
  }));
  for (let attempt = 1; attempt <= sendTries && open.length > 0; attempt += 1) {
    const { Failed } = await sqs.send(
      new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: open }),
    );
    if (Failed?.some(({ SenderFault }) => SenderFault === true) === true) {
      throw new ContractError('SQS refuses the form of a message');
    }
    const failed = new Set(Failed?.map(({ Id }) => Id));
    open = open.filter(({ Id }) => failed.has(Id));
  }
  if (open.length > 0) {
    throw new AwsUnavailableError(`SQS did not take ${open.length} of ${messages.length} messages`);
  }
}

async function* groupsOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
