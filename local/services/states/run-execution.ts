import type { FunctionInvoker, Surroundings } from '../../api.ts';
import { startExecution, type Execution, type Past } from '../../asl/execution.ts';
import type { HistoryEvent } from '../../asl/history.ts';
import type { TaskTokens } from '../../asl/task-tokens.ts';
import type { LogSink } from '../lambda/log-sink.ts';
import { executionLog } from './execution-log.ts';
import type { HistoryFile } from './history-file.ts';
import type { Journal, StartRecord } from './journal.ts';
import { lambdaTasks } from './lambda-tasks.ts';
import type { DeclaredStateMachine } from './state-machine.ts';
import type { TokenOwners } from './token-owners.ts';

/** What running an execution takes. */
export interface EngineOptions {
  readonly surroundings: Surroundings;
  readonly invoker: FunctionInvoker;
  readonly logSink: LogSink;
  readonly historyFile: HistoryFile;
  readonly tokens: TaskTokens;
  readonly tokenOwners: TokenOwners;
}

/** Runs an execution from its start, or from where its journal leaves it. */
export function runExecution(
  options: EngineOptions,
  start: StartRecord,
  machine: DeclaredStateMachine,
  journal: Journal,
  past?: Past,
): Execution {
  const { surroundings, invoker, tokens, tokenOwners } = options;
  const { executionArn, name, input, seed } = start;
  const startTime = new Date(start.startMs);
  return startExecution({
    ...{ executionArn, name, input, seed, startTime, past },
    definition: machine.parsed,
    roleArn: machine.roleArn,
    stateMachineArn: machine.arn,
    stateMachineName: machine.name,
    tasks: lambdaTasks(surroundings, invoker, machine),
    tokens: {
      open(token, holder) {
        tokenOwners.add(token, machine.arn);
        return tokens.open(token, holder);
      },
    },
    clock: surroundings.clock,
    onInput: (input) => journal.append({ kind: 'input', input }),
    onEvent: eventWriter(
      options,
      { arn: executionArn, machine, startDate: startTime },
      journal,
      past?.inputs.filter(({ kind }) => kind === 'redrive').length,
    ),
  });
}

/** Makes what writes each event to wherever events are kept. */
export function eventWriter(
  { historyFile, logSink }: EngineOptions,
  execution: {
    readonly arn: string;
    readonly machine: DeclaredStateMachine;
    readonly startDate: Date;
  },
  journal: Journal,
  redriveCount = 0,
): (event: HistoryEvent) => void {
  const { arn, machine, startDate } = execution;
  const log = executionLog(machine, arn, startDate, redriveCount, logSink);
  return (event) => {
    historyFile.append(arn, event);
    journal.append({ kind: 'event', event });
    log(event);
  };
}
