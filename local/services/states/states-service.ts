import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  ApiError,
  type ApiRequest,
  type ApiResponse,
  type Call,
  type EventBus,
  type FunctionInvoker,
  type Service,
  type Surroundings,
} from '../../api.ts';
import type { HistoryEvent } from '../../asl/history.ts';
import { TaskTokens } from '../../asl/task-tokens.ts';
import type { ExecutionStarter } from '../events/deliveries.ts';
import type { LogSink } from '../lambda/log-sink.ts';
import { checkExecution, executionOperations, startRecord } from './execution-operations.ts';
import { Executions } from './executions.ts';
import { HistoryFile } from './history-file.ts';
import { parseBody } from '../../read-input.ts';
import { StateMachineDirectory } from './state-machine-directory.ts';
import { stateMachineOperations } from './state-machine-operations.ts';
import { readStateMachine } from './state-machine.ts';
import { taskOperations } from './task-operations.ts';
import { TokenOwners } from './token-owners.ts';

/** The embedded Step Functions, and what its neighbours and tests need of it. */
export interface StatesService extends Service, ExecutionStarter {
  /** The definition of a state machine as its template has it, by ARN; undefined for an unknown one. */
  definitionOf(stateMachineArn: string): string | undefined;
  /** The events of an execution so far. */
  historyOf(executionArn: string): readonly HistoryEvent[];
  /** JSON lines: every event of every execution. */
  readonly historyPath: string;
  /**
   * What a crash of the orchestrator and its restart is, for tests and the failure prover.
   *
   * Everything about running executions is forgotten at once: no event is written, the bus is told nothing,
   * calls in flight get a 503, and no answer of a function that was running reaches an execution any more.
   * Then the executions are restored from their journals. Resolves when all of them go on.
   */
  restart(): Promise<void>;
  /**
   * Lets an execution's TimeoutSeconds be over now, for tests. Resolves when it has ended.
   *
   * @throws when its definition sets no TimeoutSeconds, or it runs no more
   */
  timeOut(executionArn: string): Promise<void>;
}

/**
 * Makes the embedded Step Functions: standard workflows in JSONata, over the interpreter in `asl/`.
 *
 * Executions are in memory and, each with all that decides its course, in a journal on disk: one that runs when
 * the process ends goes on in the next process over the same directory, as soon as its state machine is
 * declared there. A clean stop ends them. Distributed Map, express workflows, activities, versions and aliases are refused.
 */
export function createStatesService(
  surroundings: Surroundings,
  invoker: FunctionInvoker,
  bus: EventBus,
  logSink: LogSink,
): StatesService {
  const machines = new StateMachineDirectory();
  const tokens = new TaskTokens();
  const tokenOwners = new TokenOwners();
  const directory = join(surroundings.directory, 'states');
  const historyFile = new HistoryFile(directory);
  const executions = new Executions({
    ...{ surroundings, invoker, bus, logSink, historyFile, tokens, tokenOwners },
    directory: join(directory, 'executions'),
  });
  const operations = new Map(
    Object.entries({
      ...executionOperations(machines, executions),
      ...stateMachineOperations(machines, executions),
      ...taskOperations(tokens, tokenOwners),
    }),
  );

  return {
    signingName: 'states',
    protocol: 'json',
    historyPath: historyFile.path,
    historyOf: (arn) => executions.get(arn).history,
    definitionOf: (arn) => machines.find(arn)?.definition,
    startExecutionAs(caller, stateMachineArn, name, input) {
      const access = { action: 'states:StartExecution', resource: stateMachineArn };
      const record = startRecord(stateMachineArn, name);
      surroundings.callAs(caller, 'states.amazonaws.com', record, access);
      checkExecution(name, input);
      executions.start(machines.get(stateMachineArn), name, input);
    },
    resources: [
      {
        type: 'AWS::StepFunctions::StateMachine',
        create(resource) {
          const machine = readStateMachine(resource, surroundings);
          machines.add(machine);
          executions.restore([machine]);
          const { arn, name, revisionId } = machine;
          return {
            ref: arn,
            attributes: { Arn: arn, Name: name, StateMachineRevisionId: revisionId },
          };
        },
      },
    ],
    async handle(request: ApiRequest, call: Call): Promise<ApiResponse> {
      const name = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
      const operation = operations.get(name);
      if (operation === undefined) {
        throw new ApiError(
          'UnsupportedOperation',
          `Step Functions ${name} is not supported by the embedded cloud`,
          501,
        );
      }
      const body = parseBody(await text(request.body));
      await executions.restored();
      return {
        status: 200,
        headers: { 'content-type': 'application/x-amz-json-1.0' },
        body: JSON.stringify(await operation(name, body, call)),
      };
    },
    async restart() {
      executions.crash();
      executions.restore(machines.all());
      await executions.restored();
    },
    async timeOut(executionArn) {
      await executions.restored();
      const { machine, status, execution, ended } = executions.get(executionArn);
      if (machine.parsed.TimeoutSeconds === undefined)
        throw new Error(`${machine.name} sets no TimeoutSeconds`);
      if (status !== 'RUNNING') throw new Error(`${executionArn} is ${status}`);
      execution.timeOut();
      await ended;
    },
    async stop() {
      await executions.stop();
      historyFile.close();
    },
  };
}
