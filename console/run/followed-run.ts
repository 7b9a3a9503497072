import { createHash } from 'node:crypto';
import {
  DescribeStateMachineForExecutionCommand,
  type HistoryEvent as SdkEvent,
} from '@aws-sdk/client-sfn';
import {
  batchOf,
  composeRunRecord,
  type DescribedExecution,
  openedBatch,
} from '../../audit/compose-run-record.ts';
import { foldHistory } from '../../audit/history/fold-history.ts';
import { type HistoryEvent, readEvent } from '../../audit/history/history-event.ts';
import { describeExecution } from '../../audit/read-run-record.ts';
import type { RunRecord } from '../../audit/run-record.ts';
import type { Deployment } from '../../client/deployment.ts';
import { readNewEvents } from '../../client/watch/history-events.ts';
import { getBatch } from '../../ledger/batches.ts';
import { countObjects } from '../../ledger/objects.ts';
import type { ObjectCounts } from '../../workflow/model/ledger-items.ts';
import type { Polled } from '../live/shared-poll.ts';

/** A run as it is seen at a moment. */
export interface RunView {
  /** Without objects, mails and access log: those are read where they are shown. */
  readonly record: RunRecord;
  readonly definition: unknown;
  readonly events: readonly HistoryEvent[];
  /** Of the batch's objects, where this execution was the last to open it. */
  readonly progress: Progress | undefined;
}

/** How far the objects of a batch are. */
export interface Progress {
  readonly objects: number;
  readonly counts: ObjectCounts;
}

/** Counting reads every object's item: a thousand of them are worth a second's wait. */
const countMsPerObject = 1;

/**
 * One execution, read again and again: each look asks for what is new in its history only.
 *
 * Looks at the same time are one.
 */
export class FollowedRun implements Polled<RunView> {
  readonly executionArn: string;
  readonly #deployment: Deployment;
  #events: HistoryEvent[] = [];
  #definition: { readonly parsed: unknown; readonly sha256: string } | undefined;
  #looking: Promise<RunView> | undefined;
  #progress: Progress | undefined;
  #countAgainAt = 0;

  constructor(deployment: Deployment, executionArn: string) {
    this.#deployment = deployment;
    this.executionArn = executionArn;
  }

  look(): Promise<RunView> {
    this.#looking ??= this.#read().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  versionOf({ record, events, progress }: RunView): string {
    const { status, redrives } = record.execution;
    return JSON.stringify([status, redrives, events.length, progress]);
  }

  hasEnded({ record }: RunView): boolean {
    return record.execution.status !== 'RUNNING';
  }

  async #read(): Promise<RunView> {
    const { sfn, settings } = this.#deployment;
    const execution = await describeExecution(sfn, this.executionArn);
    this.#definition ??= await this.#readDefinition();
    const lastId = this.#events.at(-1)?.id ?? 0;
    const fresh: SdkEvent[] = await readNewEvents(sfn, this.executionArn, lastId);
    this.#events = [...this.#events, ...fresh.map(readEvent)];
    const history = foldHistory(this.#events);
    const record = composeRunRecord({
      study: settings.study,
      execution,
      definitionSha256: this.#definition.sha256,
      history,
      batch: undefined,
      objects: [],
      mails: [],
      calls: undefined,
      digests: undefined,
    });
    if (openedBatch(history)) await this.#count(execution);
    const { parsed: definition } = this.#definition;
    return { record, definition, events: this.#events, progress: this.#progress };
  }

  async #readDefinition() {
    const { definition = '' } = await this.#deployment.sfn.send(
      new DescribeStateMachineForExecutionCommand({ executionArn: this.executionArn }),
    );
    const sha256 = createHash('sha256').update(definition).digest('hex');
    return { parsed: JSON.parse(definition) as unknown, sha256 };
  }

  async #count({ input, status }: DescribedExecution): Promise<void> {
    const now = performance.now();
    if (status === 'RUNNING' && now < this.#countAgainAt) return;
    const { ledger } = this.#deployment;
    const batchId = batchOf(input);
    const batch = batchId === undefined ? undefined : await getBatch(ledger, batchId);
    if (batch?.objects === undefined || batch.executionArn !== this.executionArn) {
      this.#progress = undefined;
      return;
    }
    const { objects } = batch;
    this.#progress = { objects, counts: await countObjects(ledger, batch.batchId) };
    this.#countAgainAt = now + objects * countMsPerObject;
  }
}
