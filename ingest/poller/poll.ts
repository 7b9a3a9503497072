import { listAssignments } from '../../ledger/sensors/assignments.ts';
import { getDevice } from '../../ledger/sensors/devices.ts';
import { forEachBounded } from '../../runtime/for-each-bounded.ts';
import type { PollCommand, PollReply } from '../model/poll-command.ts';
import { ObjectBuilder } from './build-objects.ts';
import type { CommitDeps } from './commit-chunk.ts';
import { DeviceMemory } from './device-memory.ts';
import { type HeldLease, holdLease } from './hold-lease.ts';
import type { PollerDeps } from './poller-deps.ts';
import { portionsOf } from './portions.ts';
import { type Incoming, readMessage, type Unreadable } from './read-message.ts';
import { type Chunk, receiveChunk } from './receive-chunk.ts';
import { sealDue } from './seal-due.ts';
import { SensorBatches } from './sensor-batches.ts';
import { type SensorQueue, sensorQueue } from './sensor-queue.ts';
import type { DeviceFile } from './sort-out.ts';
import { Spool } from './spool.ts';
import { storePortion } from './store-portion.ts';
import { takeOver } from './take-over.ts';
import { Tally } from './tally-run.ts';

/**
 * Polls once: ends what the poller before left undone, stores what is in the queue, seals what is due.
 *
 * One at a time: where another poller has the lease, nothing is done. Days are sealed only when the
 * queue is drained: what is left in it may be of theirs.
 *
 * @throws LeaseLostError where another poller took over; errors of AWS and of the disk as they are.
 * Wherever it ends, and however, the next run goes on.
 */
export async function poll(
  command: Pick<PollCommand, 'maxSeconds' | 'seal'>,
  signal: AbortSignal,
  deps: PollerDeps,
): Promise<PollReply> {
  const tally = new Tally();
  const queue = sensorQueue(deps.sqs, deps.settings.queueUrl);
  const held = await holdLease(deps);
  if (held === undefined)
    return tally.reply({ ended: 'BUSY', backlog: await queue.backlog(), sealed: [] });
  const ended = new AbortController();
  let isClean = false;
  try {
    const run = startRun(deps, held, AbortSignal.any([signal, held.signal, ended.signal]));
    await takeOver(held.lease, run);
    const { drained, undeleted } = await drain(queue, command.maxSeconds, {
      run,
      tally,
      wasClean: held.lease.wasClean,
    });
    isClean = undeleted === 0;
    const sealed = drained ? await sealDue(command.seal, run) : [];
    const backlog = await queue.backlog();
    return tally.reply({ ended: drained ? 'EMPTY' : 'TIME', backlog, sealed });
  } catch (error) {
    // Whatever broke because of the abort, the abort is the reason.
    signal.throwIfAborted();
    held.signal.throwIfAborted();
    throw error;
  } finally {
    ended.abort();
    await held.release(isClean);
  }
}

interface Run extends CommitDeps {
  readonly builder: ObjectBuilder;
}

function startRun(poller: PollerDeps, { lease }: HeldLease, signal: AbortSignal): Run {
  const { sensors, ledger, kms, settings, spoolDirectory, randomByte, now } = poller;
  const { study, dataKeyArn: keyArn } = settings;
  return {
    poller,
    sensors,
    ledger,
    fence: lease,
    memory: new DeviceMemory(sensors),
    batches: new SensorBatches({ sensors, ledger, fence: lease, randomByte, now }),
    builder: new ObjectBuilder({ kms, keyArn, study }),
    spool: new Spool(spoolDirectory),
    signal,
  };
}

interface Drain {
  readonly run: Run;
  readonly tally: Tally;
  /** Whether the poller before deleted all that it had received. */
  readonly wasClean: boolean;
}

interface Drained {
  /** Nothing is left of what was in the queue when the run began. */
  readonly drained: boolean;
  /** Messages that SQS did not delete: they come again. */
  readonly undeleted: number;
}

/**
 * Stores chunk after chunk until the queue is drained, or it is time.
 *
 * A queue that seems empty is not drained as long as a poller that was cut off may have messages of it
 * in hand: nobody sees them, and a day that was sealed now would be without them. While one is stored the next one is received, and the one before deleted: no more than two are held.
 */
async function drain(
  queue: SensorQueue,
  maxSeconds: number,
  { run, tally, wasClean }: Drain,
): Promise<Drained> {
  const { signal, poller, fence, memory } = run;
  const runStartedAt = poller.now().getTime();
  const began = performance.now();
  const ends = began + maxSeconds * 1000;
  const allVisible = began + (wasClean ? 0 : poller.pace.invisibleMilliseconds);
  const receive = (): Promise<Chunk> => {
    const chunk = receiveChunk(queue, poller.pace.chunk, { runStartedAt, signal });
    // It is awaited later, or never where the one before fails.
    chunk.catch(() => undefined);
    return chunk;
  };
  let next: Promise<Chunk> | undefined = receive();
  let deleted: Promise<number> = Promise.resolve(0);
  let undeleted = 0;
  let drained = false;
  let commits = 0;
  while (next !== undefined) {
    const chunk: Chunk = await next;
    signal.throwIfAborted();
    drained = chunk.drained && performance.now() >= allVisible;
    next = drained || performance.now() >= ends ? undefined : receive();
    const read = chunk.receipts.map((receipt) => readMessage(receipt));
    tally.received(chunk.receipts, poller.now());
    const known = await lookUp(read, run);
    for (const portion of portionsOf(read)) {
      signal.throwIfAborted();
      commits += 1;
      const at = poller.now().toISOString();
      const id = { chunk: chunkId(fence.epoch, commits), at };
      const stored = await storePortion(portion, id, { ...run, known });
      tally.stored(portion, stored);
      memory.forgetSome();
      undeleted += await deleted;
      deleted = remove(queue, portion.messages, poller);
      deleted.catch(() => undefined);
    }
  }
  undeleted += await deleted;
  return { drained, undeleted };
}

const chunkId = (epoch: number, number: number): string =>
  `${String(epoch).padStart(8, '0')}-${String(number).padStart(6, '0')}`;

/** Devices looked up at once. */
const parallel = 16;

/** Reads the devices of a chunk, and their assignments: once for all of it. */
async function lookUp(
  read: readonly (Incoming | Unreadable)[],
  { poller }: Run,
): Promise<Map<string, Omit<DeviceFile, 'status'>>> {
  const known = new Map<string, Omit<DeviceFile, 'status'>>();
  const messages = read.filter((one) => one.kind === 'message');
  const devices = new Set(messages.map(({ device }) => device));
  await forEachBounded(devices, parallel, async (device) => {
    const [found, assignments] = await Promise.all([
      getDevice(poller.sensors, device),
      listAssignments(poller.assignments, device),
    ]);
    known.set(device, { device: found, assignments });
  });
  return known;
}

async function remove(
  queue: SensorQueue,
  messages: readonly Incoming[],
  { log }: PollerDeps,
): Promise<number> {
  const failed = await queue.remove(messages.map(({ receipt }) => receipt));
  if (failed > 0) log('messages not deleted', { count: failed });
  return failed;
}
