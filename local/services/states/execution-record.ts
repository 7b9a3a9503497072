import { ApiError } from '../../api.ts';
import type { Outcome } from '../../asl/drive.ts';
import type { Execution } from '../../asl/execution.ts';
import type { HistoryEvent } from '../../asl/history.ts';
import type { Journal, StartRecord } from './journal.ts';
import type { DeclaredStateMachine } from './state-machine.ts';

/** An execution, running or ended. */
export class ExecutionRecord {
  readonly arn: string;
  readonly name: string;
  readonly input: string;
  readonly startDate: Date;
  readonly traceHeader: string | undefined;
  readonly ordinal: number;
  /** With the definition and the role that the execution started with. */
  readonly machine: DeclaredStateMachine;
  readonly journal: Journal;
  /** Undefined while it runs. */
  outcome: Outcome | undefined;
  stopDate: Date | undefined;
  execution: Execution;
  readonly #ended = Promise.withResolvers<undefined>();

  constructor(
    start: StartRecord,
    machine: DeclaredStateMachine,
    journal: Journal,
    execution: Execution,
  ) {
    this.arn = start.executionArn;
    this.name = start.name;
    this.input = start.input;
    this.startDate = new Date(start.startMs);
    this.traceHeader = start.traceHeader;
    this.ordinal = start.ordinal;
    this.machine = machine;
    this.journal = journal;
    this.execution = execution;
    this.#ended.promise.catch(() => undefined);
  }

  get status(): 'RUNNING' | Outcome['status'] {
    return this.outcome?.status ?? 'RUNNING';
  }

  get history(): readonly HistoryEvent[] {
    return this.execution.history;
  }

  /**
   * Resolves when it has ended and its status says so.
   *
   * Rejects as a call of a service that went away when Step Functions crashes before that; SDKs call again.
   */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  settle(outcome: Outcome, stopDate: Date): void {
    this.outcome = outcome;
    this.stopDate = stopDate;
    this.#ended.resolve(undefined);
  }

  /** Ends this life of the execution without a trace of its end. */
  crash(): void {
    this.execution.drop();
    this.journal.abandon();
    this.#ended.reject(new ApiError('ServiceUnavailable', 'Step Functions was restarted.', 503));
  }
}
