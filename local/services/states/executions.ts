import { ApiError, type EventBus, type FunctionInvoker, type Surroundings } from '../../api.ts';
import { startExecution, type Execution, type Outcome } from '../../asl/execution.ts';
import type { HistoryEvent } from '../../asl/history.ts';
import type { TaskTokens } from '../../asl/task-tokens.ts';
import type { LogSink } from '../lambda/log-sink.ts';
import { executionLog } from './execution-log.ts';
import type { HistoryFile } from './history-file.ts';
import { lambdaTasks } from './lambda-tasks.ts';
import type { DeclaredStateMachine } from './state-machine.ts';
import { putStatusChange } from './status-change.ts';
import type { TokenOwners } from './token-owners.ts';

/** An execution, running or ended. */
export interface ExecutionRecord {
  readonly arn: string;
  readonly name: string;
  readonly machine: DeclaredStateMachine;
  readonly input: string;
  readonly startDate: Date;
  readonly traceHeader: string | undefined;
  readonly execution: Execution;
  status: 'RUNNING' | Outcome['status'];
  stopDate?: Date;
  outcome?: Outcome;
  /** Resolves when it has ended and its status says so. */
  ended: Promise<void>;
}

/** What starting an execution takes. */
export interface ExecutionsOptions {
  readonly surroundings: Surroundings;
  readonly invoker: FunctionInvoker;
  readonly bus: EventBus;
  readonly logSink: LogSink;
  readonly historyFile: HistoryFile;
  readonly tokens: TaskTokens;
  readonly tokenOwners: TokenOwners;
  readonly random: (() => number) | undefined;
}

/** All executions there ever were. They are kept in memory until the cloud ends. */
export class Executions {
  readonly #options: ExecutionsOptions;
  readonly #byArn = new Map<string, ExecutionRecord>();
  #isStopped = false;

  constructor(options: ExecutionsOptions) {
    this.#options = options;
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
    const arn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const known = this.#byArn.get(arn);
    if (known?.status === 'RUNNING' && known.input === input) return known;
    if (known !== undefined)
      throw new ApiError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
    if (this.#isStopped) throw new ApiError('ServiceUnavailable', 'Step Functions is ending.', 503);
    const { surroundings, bus } = this.#options;
    const startDate = surroundings.clock.now();
    const execution = this.#run(machine, arn, name, input, startDate);
    const ended = execution.done.then((outcome) => {
      record.outcome = outcome;
      record.status = outcome.status;
      record.stopDate = execution.history.at(-1)?.timestamp ?? surroundings.clock.now();
      if (!this.#isStopped) putStatusChange(bus, record);
    });
    const record: ExecutionRecord = {
      ...{ arn, name, machine, input, startDate, traceHeader, execution, ended },
      status: 'RUNNING',
    };
    this.#byArn.set(arn, record);
    putStatusChange(bus, record);
    return record;
  }

  /** @throws ApiError ExecutionDoesNotExist */
  get(arn: string): ExecutionRecord {
    const found = this.#byArn.get(arn);
    if (found !== undefined) return found;
    throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  }

  /** In the order in which they started. */
  of(machine: DeclaredStateMachine): ExecutionRecord[] {
    return [...this.#byArn.values()].filter((record) => record.machine === machine);
  }

  /** Cuts what still runs. Nobody is told: the cloud is ending. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { execution } of this.#byArn.values()) execution.abort('EmbeddedCloud.Stopped');
    await Promise.all([...this.#byArn.values()].map(({ ended }) => ended));
  }

  #run(
    machine: DeclaredStateMachine,
    arn: string,
    name: string,
    input: string,
    startTime: Date,
  ): Execution {
    const { surroundings, invoker, logSink, historyFile, tokens, tokenOwners, random } =
      this.#options;
    const log = executionLog(machine, arn, startTime, logSink);
    return startExecution({
      definition: machine.parsed,
      input,
      executionArn: arn,
      name,
      roleArn: machine.roleArn,
      stateMachineArn: machine.arn,
      stateMachineName: machine.name,
      startTime,
      tasks: lambdaTasks(surroundings, invoker, machine, (token) =>
        tokenOwners.add(token, machine.arn),
      ),
      tokens,
      clock: surroundings.clock,
      ...(random && { random }),
      onEvent(event: HistoryEvent) {
        historyFile.append(arn, event);
        log(event);
      },
    });
  }
}
