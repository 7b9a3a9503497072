import { join } from 'node:path';
import { findPipeline, type Pipeline } from '../pipelines/registry.ts';
import { PipelineFailedError } from '../workflow/model/errors.ts';
import { ProcessReply } from '../workflow/model/worker-command.ts';
import { openEnvelope, placeOf } from './batch-envelope.ts';
import { type BatchQueue, openQueue } from './batch-queue.ts';
import type { CommandRun } from './command-run.ts';
import { handleDelivery } from './handle-delivery.ts';
import { openManifest } from './manifest-index.ts';
import type { BatchWork } from './process-object.ts';
import { makeDirectory } from './scratch.ts';
import { createTurns } from './turns.ts';
import type { WorkerDeps } from './worker-deps.ts';

/** Memory that is left to the agent and the system: its own limit is 300 MB for an object of any size. */
const reservedMiB = 768;

/** Empty polls in a row, with nothing left by the counts, after which the queue is believed empty. */
const emptyPolls = 2;

/**
 * Takes objects from the batch's queue until none is left, several at once.
 *
 * It ends when the queue has nothing waiting and nothing delivered, to anybody: a message that
 * another worker holds comes back if that one is lost, and somebody has to be there. A worker that
 * believes the approximate counts too early does no harm: whoever holds a message stays until it is
 * gone, and a holder that is lost is replaced by the state machine.
 *
 * @throws CzarError what ended the work as a whole; its messages are given back before
 */
export async function processBatch(
  run: CommandRun<'process'>,
  deps: WorkerDeps,
): Promise<ProcessReply> {
  const { command, scratch } = run;
  const { s3, sqs, settings, paths, log } = deps;
  const pipeline = await requirePipeline(paths.pipelines, command.pipeline);
  const queue = await openQueue(sqs, { ...command, log });
  const envelope = openEnvelope(deps, command);
  const manifest = await openManifest(
    { s3, bucket: settings.inputBucket },
    placeOf(deps, command),
    envelope.inputs,
    join(scratch, 'manifest'),
    run.signal,
  );
  try {
    const reference = await makeDirectory(scratch, 'reference');
    const turns = createTurns();
    return await drain(queue, { ...run, pipeline, manifest, envelope, reference, turns }, deps);
  } finally {
    await manifest.close();
  }
}

/** Finds a pipeline that the request names. */
export async function requirePipeline(directory: string, name: string): Promise<Pipeline> {
  try {
    return await findPipeline(directory, name);
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    throw new PipelineFailedError(`pipeline ${name} cannot be run: ${message}`, { cause: error });
  }
}

/** How many objects are worked on at once: one per core, if the pipeline's memory allows it. */
export function placesFor(
  { limits }: Pipeline['contract'],
  { cores, memoryMiB }: WorkerDeps['machine'],
): number {
  return Math.max(1, Math.min(cores, Math.floor((memoryMiB - reservedMiB) / limits.memoryMiB)));
}

async function drain(queue: BatchQueue, work: BatchWork, deps: WorkerDeps): Promise<ProcessReply> {
  const broken = new AbortController();
  const signal = AbortSignal.any([work.signal, broken.signal]);
  const running = new Set<Promise<void>>();
  const ends = { done: 0, failed: 0, left: 0 };
  const places = placesFor(work.pipeline.contract, deps.machine);

  const start = (delivery: Parameters<typeof handleDelivery>[0]): void => {
    const one = handleDelivery(delivery, queue, { ...work, signal }, deps)
      .then((end) => void (ends[end] += 1))
      .catch((error: unknown) => broken.abort(error))
      .finally(() => running.delete(one));
    running.add(one);
  };

  try {
    for (let empty = 0; empty < emptyPolls;) {
      signal.throwIfAborted();
      if (running.size >= places) {
        await Promise.race(running);
        continue;
      }
      const deliveries = await queue.receive(places - running.size, deps.pace.pollSeconds, signal);
      deliveries.forEach(start);
      if (deliveries.length > 0) {
        empty = 0;
        continue;
      }
      const { waiting, delivered } = await queue.count();
      empty = running.size + waiting + delivered === 0 ? empty + 1 : 0;
    }
  } catch (error) {
    // An abort reaches the poll as an error of its own; its reason is what counts.
    broken.abort(error);
    signal.throwIfAborted();
  } finally {
    await Promise.all(running);
  }
  signal.throwIfAborted();
  return ProcessReply.parse({ done: ends.done, failed: ends.failed });
}
