import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError, type EventBus } from '../../api.ts';
import type { Outcome } from '../../asl/drive.ts';
import type { Execution, Past } from '../../asl/execution.ts';
import { newSeed } from '../../asl/seed.ts';
import { ReplayError } from '../../asl/turns.ts';
import { ExecutionRecord } from './execution-record.ts';
import {
  Journal,
  journalPath,
  readJournal,
  type JournalContent,
  type StartRecord,
} from './journal.ts';
import { whyNotRedrivable } from './redrivability.ts';
import { eventWriter, runExecution, type EngineOptions } from './run-execution.ts';
import { outcomeOf, refusalOf, settledExecution } from './settled-execution.ts';
import { asStarted, type DeclaredStateMachine } from './state-machine.ts';
import { putStatusChange } from './status-change.ts';

/** As long a client token stands for one redrive. */
const sameRedriveMs = 15 * 60 * 1000;

/** What keeping executions takes. */
export interface ExecutionsOptions extends EngineOptions {
  readonly bus: EventBus;
  /** Where the journals are. */
  readonly directory: string;
}

/**
 * All executions there ever were in one directory, each with its journal.
 *
 * What decides an execution's course is in its journal before it takes effect, so an execution that runs
 * when the process ends goes on in the next one.
 */
export class Executions {
  readonly #options: ExecutionsOptions;
  readonly #byArn = new Map<string, ExecutionRecord>();
  #restored: Promise<unknown> = Promise.resolve();
  #nextOrdinal = 0;
  #isStopped = false;

  constructor(options: ExecutionsOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  }

  /**
   * Starts an execution. The same name with the same input, still running, is that execution.
   *
   * @throws ApiError ExecutionAlreadyExists
   */
  start(
    machine: DeclaredStateMachine,
    name: string,
    input: string,
    traceHeader?: string,
  ): ExecutionRecord {
    const executionArn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const known = this.#byArn.get(executionArn);
    if (known?.status === 'RUNNING' && known.input === input) return known;
    if (known !== undefined)
      throw new ApiError('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`);
    this.#requireRunning();
    const start: StartRecord = {
      ...{ kind: 'start', format: 1, ordinal: this.#nextOrdinal++, executionArn, name, input },
      stateMachineArn: machine.arn,
      definition: machine.definition,
      roleArn: machine.roleArn,
      startMs: this.#options.surroundings.clock.now().getTime(),
      traceHeader,
      seed: newSeed(),
    };
    const journal = Journal.create(journalPath(this.#options.directory, executionArn), start);
    const execution = runExecution(this.#options, start, machine, journal);
    const record = this.#keep(new ExecutionRecord(start, machine, journal, execution));
    this.#announce(record);
    this.#followUp(record);
    return record;
  }

  /** @throws ApiError ExecutionDoesNotExist */
  get(arn: string): ExecutionRecord {
    const found = this.#byArn.get(arn);
    if (found !== undefined) return found;
    throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  }

  /**
   * Lets an execution that failed, timed out or was stopped go on where it stood, and answers since when.
   *
   * The same client token within 15 minutes is the same redrive.
   *
   * @throws ApiError ExecutionDoesNotExist, ExecutionNotRedrivable
   */
  async redrive(arn: string, clientToken?: string): Promise<Date> {
    const record = this.get(arn);
    this.#requireRunning();
    const now = this.#options.surroundings.clock.now();
    const earlier = record.redriveTokens.get(clientToken ?? '');
    if (earlier && now.getTime() - earlier.getTime() < sameRedriveMs) return earlier;
    this.#requireRedrivable(record, now);
    await record.comeAlive();
    this.#requireRedrivable(record, now);
    record.redrive(clientToken);
    this.#announce(record);
    this.#followUp(record);
    return record.redrives.time ?? now;
  }

  /** In the order in which they started. */
  of(machine: DeclaredStateMachine): ExecutionRecord[] {
    return [...this.#byArn.values()]
      .filter((record) => record.machine.arn === machine.arn)
      .sort((one, other) => one.ordinal - other.ordinal);
  }

  /**
   * Takes up the executions of state machines that an earlier process, or life, left in the directory.
   *
   * @throws JournalDamagedError when it cannot even be read whose a journal is; all others are taken up
   */
  restore(machines: readonly DeclaredStateMachine[]): void {
    const known = new Set([...this.#byArn.values()].map(({ journal }) => journal.path));
    const { directory } = this.#options;
    const unreadable: unknown[] = [];
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      if (!name.endsWith('.jsonl') || known.has(path)) continue;
      try {
        const content = readJournal(path);
        const machine = machines.find(({ arn }) => arn === content.start.stateMachineArn);
        if (machine !== undefined) this.#takeUp(machine, content);
      } catch (error) {
        unreadable.push(error);
      }
    }
    if (unreadable.length > 0) throw unreadable[0];
  }

  /** Resolves when every execution that was taken up has caught up with its journal. */
  async restored(): Promise<void> {
    for (let awaited; awaited !== this.#restored;) await (awaited = this.#restored);
  }

  /** Forgets every running execution, as a crash would. {@link restore} takes them up again. */
  crash(): void {
    for (const record of [...this.#byArn.values()]) {
      if (record.status !== 'RUNNING') continue;
      this.#byArn.delete(record.arn);
      record.crash();
    }
  }

  /** Cuts what still runs. Nobody is told: the cloud is ending. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.restored();
    for (const { execution } of this.#byArn.values()) execution.abort('EmbeddedCloud.Stopped');
    await Promise.all([...this.#byArn.values()].map(({ ended }) => ended));
  }

  #takeUp(declared: DeclaredStateMachine, content: JournalContent): void {
    const { start, past, announced } = content;
    const journal = content.resume();
    this.#nextOrdinal = Math.max(this.#nextOrdinal, start.ordinal + 1);
    const machine = asStarted(declared, start);
    const problem = machine === undefined ? 'its definition is not supported' : content.problem;
    const run = (): Execution =>
      runExecution(this.#options, start, machine ?? declared, journal, past);
    const outcome = outcomeOf(past.events);
    const left = (outcome ?? problem) ? settledExecution(past) : run();
    const record = new ExecutionRecord(start, machine ?? declared, journal, left, past);
    this.#keep(record);
    if (outcome !== undefined) {
      record.isRefused = problem !== undefined;
      record.liveAgain = run;
      this.#settle(record, outcome, announced);
    } else if (problem !== undefined) this.#fail(record, past, problem);
    else this.#catchUp(record, past, announced);
  }

  #catchUp(record: ExecutionRecord, past: Past, announced: string | undefined): void {
    if (announced !== record.status) this.#announce(record);
    const live = record.execution.live.then(
      () => this.#followUp(record),
      (error: unknown) => {
        const problem = error instanceof ReplayError ? error.message : 'the interpreter broke down';
        if (this.#isCurrent(record)) this.#fail(record, past, problem);
      },
    );
    this.#restored = Promise.all([this.#restored, live]);
  }

  #requireRunning(): void {
    if (this.#isStopped) throw new ApiError('ServiceUnavailable', 'Step Functions is ending.', 503);
  }

  #requireRedrivable(record: ExecutionRecord, now: Date): void {
    const reason = whyNotRedrivable(record, now);
    if (reason !== undefined) throw new ApiError('ExecutionNotRedrivable', reason);
  }

  #keep(record: ExecutionRecord): ExecutionRecord {
    this.#byArn.set(record.arn, record);
    return record;
  }

  /** False for a life that ended in a crash. */
  #isCurrent(record: ExecutionRecord): boolean {
    return this.#byArn.get(record.arn) === record;
  }

  #followUp(record: ExecutionRecord): void {
    void record.execution.done.then((outcome) => {
      if (this.#isCurrent(record)) this.#settle(record, outcome);
    });
  }

  #settle(record: ExecutionRecord, outcome: Outcome, announced?: string): void {
    record.settle(outcome, record.history.at(-1)?.timestamp ?? record.startDate);
    if (announced !== outcome.status) this.#announce(record);
    record.journal.close();
  }

  #announce(record: ExecutionRecord): void {
    if (!this.#isStopped) putStatusChange(this.#options.bus, record);
    record.journal.append({ kind: 'announced', status: record.status });
  }

  /** Ends an execution that cannot go on, for everyone to see. */
  #fail(record: ExecutionRecord, past: Past, problem: string): void {
    const cause = `The journal was refused: ${problem}`;
    const event = refusalOf(past, cause, this.#options.surroundings.clock.now());
    eventWriter(this.#options, record, record.journal)(event);
    record.isRefused = true;
    record.execution = settledExecution({ ...past, events: [...past.events, event] });
    this.#settle(record, { status: 'FAILED', error: 'States.Runtime', cause });
  }
}
