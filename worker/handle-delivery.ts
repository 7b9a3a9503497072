import { randomUUID } from 'node:crypto';
import { claimObject, completeObject, failObject } from '../ledger/objects.ts';
import { errorCode, findFatal } from '../runtime/fatal-error.ts';
import type { StoredResult } from '../workflow/model/ledger-items.ts';
import type { BatchQueue, Delivery } from './batch-queue.ts';
import { holdMessage } from './hold-message.ts';
import { ObjectFault } from './object-fault.ts';
import { type BatchWork, PipelineEndedError, processObject } from './process-object.ts';
import { isScratchFull, proveScratch } from './scratch-fault.ts';
import type { WorkerDeps } from './worker-deps.ts';

/**
 * What came of a delivery: the object ended here, or somebody will take it up (again): this
 * worker, another, or the dead-letter queue.
 */
export type DeliveryEnd = 'done' | 'failed' | 'left';

/**
 * Takes one delivery from claim to its end in ledger and queue.
 *
 * The order is: result stored, ledger written, message deleted. After a crash between any two of
 * them the next delivery finds what was done and does the rest.
 *
 * @throws CzarError where no other object would fare better; the message is given back before
 */
export async function handleDelivery(
  delivery: Delivery,
  queue: BatchQueue,
  work: BatchWork,
  deps: WorkerDeps,
): Promise<DeliveryEnd> {
  const { objectId } = delivery;
  try {
    return await claimAndProcess(delivery, queue, work, deps);
  } catch (error) {
    const fatal = findFatal(error);
    const isPassing = fatal === undefined && !work.signal.aborted;
    if (isPassing) deps.log('object left alone', { objectId, code: errorCode(error) });
    // Where this fails, too, the message comes back after the visibility timeout.
    await queue
      .release(delivery, isPassing ? backoffSeconds(delivery, deps) : 0)
      .catch(() => undefined);
    if (fatal !== undefined) throw fatal;
    return 'left';
  }
}

async function claimAndProcess(
  delivery: Delivery,
  queue: BatchQueue,
  work: BatchWork,
  deps: WorkerDeps,
): Promise<DeliveryEnd> {
  const { objectId, messageId, receiveCount } = delivery;
  const { batchId, executionArn, redrive, instanceId } = work.command;
  const place = { batchId, objectId };
  const run = { executionArn, redrive };
  const claim = { claimId: randomUUID(), ...run, instanceId, messageId, receiveCount };
  const { kind } = await claimObject(deps.table, place, claim);
  switch (kind) {
    case 'claimed':
      return processClaimed(delivery, claim.claimId, queue, work, deps);
    case 'ended':
    case 'duplicate':
      await queue.remove(delivery);
      return 'left';
    case 'busy':
      return 'left';
    case 'unknown':
      deps.log('message refused', { objectId });
      await queue.release(delivery, 0);
      return 'left';
  }
}

async function processClaimed(
  delivery: Delivery,
  claimId: string,
  queue: BatchQueue,
  work: BatchWork,
  deps: WorkerDeps,
): Promise<DeliveryEnd> {
  const place = { batchId: work.command.batchId, objectId: delivery.objectId };
  const hold = holdMessage(queue, delivery);
  const signal = AbortSignal.any([work.signal, hold.signal]);
  try {
    const result = await processInTurn(delivery, work, deps, signal);
    const isOurs = await completeObject(deps.table, place, claimId, result, deps.now());
    if (!isOurs) return leave(delivery, deps);
    await queue.remove(delivery);
    return 'done';
  } catch (error) {
    if (hold.signal.aborted) return leave(delivery, deps);
    if (work.signal.aborted || findFatal(error) !== undefined) throw error;
    const fault = faultOf(error, delivery, queue);
    if (fault === undefined) {
      return await giveBack(delivery, error, queue, deps);
    }
    const { reason, pipelineReason } = fault;
    deps.log('object failed', {
      objectId: delivery.objectId,
      reason,
      code: errorCode(error),
      ...(pipelineReason !== undefined && { pipelineReason }),
    });
    const isOurs = await failObject(
      deps.table,
      place,
      claimId,
      { reason, pipelineReason },
      deps.now(),
    );
    if (!isOurs) return leave(delivery, deps);
    await queue.remove(delivery);
    return 'failed';
  } finally {
    hold.stop();
  }
}

/**
 * Processes an object beside others, and once more without them where the disk was too small for all.
 *
 * @throws WorkerBrokenError where the disk cannot be used, or is full with nothing of an object on it
 */
async function processInTurn(
  delivery: Delivery,
  work: BatchWork,
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<StoredResult> {
  const process = (): Promise<StoredResult> => processObject(delivery, work, deps, signal);
  try {
    return await work.turns.together(process);
  } catch (error) {
    if (error instanceof ObjectFault || signal.aborted) throw error;
    if (!isScratchFull(error)) {
      await proveScratch(work.scratch);
      throw error;
    }
  }
  deps.log('scratch full', { objectId: delivery.objectId });
  return work.turns.alone(async () => {
    await proveScratch(work.scratch);
    return process();
  });
}

/** Says why the object failed; undefined where it is to be tried again. */
function faultOf(error: unknown, { receiveCount }: Delivery, queue: BatchQueue) {
  if (error instanceof ObjectFault) return error;
  if (receiveCount < queue.mostDeliveries) return undefined;
  return new ObjectFault('RETRIES_EXHAUSTED', lastReason(error));
}

/** What the last of the tries came to, where that helps whoever looks for the reason. */
function lastReason(error: unknown): string | undefined {
  if (isScratchFull(error)) return 'SCRATCH_FULL';
  return error instanceof PipelineEndedError ? error.pipelineReason : undefined;
}

async function giveBack(
  delivery: Delivery,
  error: unknown,
  queue: BatchQueue,
  deps: WorkerDeps,
): Promise<DeliveryEnd> {
  const { objectId, receiveCount } = delivery;
  deps.log('object tried in vain', { objectId, receiveCount, code: errorCode(error) });
  await queue.release(delivery, backoffSeconds(delivery, deps));
  return 'left';
}

/** Doubles with every delivery, so that a service in trouble does not use up all of them at once. */
function backoffSeconds({ receiveCount }: Delivery, { pace }: WorkerDeps): number {
  return Math.ceil(pace.backoffSeconds * 2 ** (receiveCount - 1));
}

/** Another delivery of the message took the object over; the message is that one's to delete. */
function leave({ objectId }: Delivery, { log }: WorkerDeps): DeliveryEnd {
  log('message lost', { objectId });
  return 'left';
}
