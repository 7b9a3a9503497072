import { ApiError } from '../../api.ts';
import type { Outcome } from '../../asl/drive.ts';
import type { Execution, Past } from '../../asl/execution.ts';
import type { HistoryEvent } from '../../asl/history.ts';
import type { Redrives } from '../../asl/runtime.ts';
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
  /**
   * Makes an execution that ended before this process began what it was when it ended.
   *
   * Costs as much as living through it again, so only a redrive asks for it.
   */
  liveAgain: (() => Execution) | undefined;
  /** Whether its journal cannot be lived through again. */
  isRefused = false;
  /** When the execution was redriven for which client token. */
  readonly redriveTokens = new Map<string, Date>();
  #ended = Promise.withResolvers<undefined>();

  constructor(
    start: StartRecord,
    machine: DeclaredStateMachine,
    journal: Journal,
    execution: Execution,
    past?: Past,
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
    for (const input of past?.inputs ?? []) {
      if (input.kind === 'redrive' && input.clientToken !== undefined)
        this.redriveTokens.set(input.clientToken, new Date(input.atMs));
    }
  }

  get redrives(): Redrives {
    return this.execution.redrives;
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

  /** Makes it able to go on, if only its journal is left, or finds that it is not. */
  async comeAlive(): Promise<void> {
    const execution = this.liveAgain?.();
    if (execution === undefined) return;
    try {
      await execution.live;
    } catch {
      this.isRefused = true;
      return;
    }
    // Another redrive may have been faster, and then it runs already.
    if (this.liveAgain === undefined) return;
    this.execution = execution;
    this.liveAgain = undefined;
  }

  /** Lets it go on where it failed; its status says so at once. */
  redrive(clientToken: string | undefined): void {
    this.execution.redrive(clientToken);
    this.outcome = undefined;
    this.stopDate = undefined;
    this.#ended = Promise.withResolvers<undefined>();
    this.#ended.promise.catch(() => undefined);
    const { time } = this.redrives;
    if (clientToken !== undefined && time) this.redriveTokens.set(clientToken, time);
  }

  /** Ends this life of the execution without a trace of its end. */
  crash(): void {
    this.execution.drop();
    this.journal.abandon();
    this.#ended.reject(new ApiError('ServiceUnavailable', 'Step Functions was restarted.', 503));
  }
}
