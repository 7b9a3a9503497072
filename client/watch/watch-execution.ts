import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  type ExecutionStatus,
} from '@aws-sdk/client-sfn';
import { getBatch } from '../../ledger/batches.ts';
import { countObjects } from '../../ledger/objects.ts';
import type { ObjectCounts } from '../../workflow/model/ledger-items.ts';
import type { Deployment } from '../deployment.ts';
import { BatchId } from '../../workflow/model/code.ts';
import { readNewEvents } from './history-events.ts';
import { type Pace, Patience } from './patience.ts';
import { type Happening, Story } from './story.ts';

const usualPace: Pace = { lookMs: 1_000, pauseMs: 2_000 };
/** Counting reads every object's item: a thousand of them are worth a second's wait. */
const countMsPerObject = 1;

/** What a watcher is told while an execution runs. */
export interface Watcher {
  happened(happening: Happening): void;
  counted(counts: ObjectCounts, objects: number, elapsedSeconds: number): void;
  /** AWS cannot be reached, or can be again. */
  reachable?(isReachable: boolean): void;
}

/** How an execution ended. */
export interface ExecutionEnd {
  readonly status: ExecutionStatus;
  readonly batchId: string | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  /** States entered. AWS bills each of them, and each retry. */
  readonly transitions: number;
  readonly seconds: number;
}

/** Follows an execution until it ends; minutes without a network are sat out. */
export async function watchExecution(
  { sfn, ledger }: Deployment,
  executionArn: string,
  watcher: Watcher,
  signal?: AbortSignal,
  pace = usualPace,
): Promise<ExecutionEnd> {
  const patience = new Patience(watcher, pace, signal);
  const history = new FollowedHistory(watcher);
  let countedAt = -Infinity;
  for (;;) {
    const execution = await patience.with(() =>
      sfn.send(new DescribeExecutionCommand({ executionArn }), { abortSignal: signal }),
    );
    const events = await patience.with(() =>
      readNewEvents(sfn, executionArn, history.lastId, signal),
    );
    events.forEach((event) => history.add(event));
    const ended = execution.status !== 'RUNNING';
    const seconds = secondsOf(execution);
    const batchId = batchIdOf(execution.input);
    const batch =
      batchId === undefined ? undefined : await patience.with(() => getBatch(ledger, batchId));
    // A refused request names a batch, too; its objects are another execution's.
    if (batch?.objects !== undefined && batch.executionArn === executionArn) {
      const { objects } = batch;
      const isDue = performance.now() - countedAt >= objects * countMsPerObject;
      if (isDue || ended) {
        const counts = await patience.with(() => countObjects(ledger, batch.batchId));
        watcher.counted(counts, objects, seconds);
        countedAt = performance.now();
      }
    }
    if (ended) {
      const { status = 'FAILED', error, cause } = execution;
      return { status, batchId, error, cause, transitions: history.transitions, seconds };
    }
    await sleep(pace.lookMs, undefined, { signal });
  }
}

type HistoryEvents = Awaited<ReturnType<typeof readNewEvents>>;

/** The part of a history that was seen. */
class FollowedHistory {
  lastId = 0;
  transitions = 0;
  readonly #story = new Story();
  readonly #watcher: Watcher;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  add(event: HistoryEvents[number]): void {
    this.lastId = event.id ?? this.lastId;
    if (event.stateEnteredEventDetails !== undefined) this.transitions += 1;
    const happening = this.#story.tell(event);
    if (happening !== undefined) this.#watcher.happened(happening);
  }
}

function secondsOf({ startDate, stopDate }: DescribeExecutionOutput): number {
  const now = Date.now();
  return ((stopDate?.getTime() ?? now) - (startDate?.getTime() ?? now)) / 1000;
}

function batchIdOf(input: string | undefined): string | undefined {
  const parsed: unknown = input === undefined ? undefined : JSON.parse(input);
  if (typeof parsed !== 'object' || parsed === null || !('batchId' in parsed)) return undefined;
  return BatchId.safeParse(parsed.batchId).data;
}
