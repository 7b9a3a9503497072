import { SFNClient } from '@aws-sdk/client-sfn';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { EventBus, FunctionInvoker, SessionCredentials } from '../../../../local/api.ts';
import { VirtualClock } from '../../../../local/clock.ts';
import type { HistoryEvent } from '../../../../local/asl/history.ts';
import {
  createStatesService,
  type StatesService,
} from '../../../../local/services/states/states-service.ts';
import { startSmallCloud, type SmallCloud } from '../lambda/small-cloud.ts';

/** One invocation of a function, which the test answers. */
export interface Invocation {
  readonly name: string;
  readonly payload: Record<string, unknown>;
  answer(value: unknown): void;
  throwError(errorType: string): void;
}

/** Step Functions behind its gateway, with a clock that the test moves and functions that it plays. */
export interface Orchestra {
  readonly cloud: SmallCloud;
  readonly clock: VirtualClock;
  readonly states: StatesService;
  readonly sfn: SFNClient;
  /** A client with a fresh session, of a role that may do everything or of another one. */
  clientOf(roleArn?: string): SFNClient;
  /** All invocations so far, in order. */
  readonly invocations: Invocation[];
  /** Statuses that the bus was told, in order. */
  readonly told: string[];
  /** The details of those events. */
  readonly details: Readonly<Record<string, unknown>>[];
  /** What was written to the log group, where a machine has one. */
  readonly logLines: Record<string, unknown>[];
  /** Waits for the n-th invocation of a function, from 0. */
  invocation(name: string, n?: number): Promise<Invocation>;
  machine(name: string, definition: object): Promise<string>;
  /** The lines of the history file, as `id type`. */
  history(executionArn: string): string[];
  stop(): Promise<void>;
}

const LogGroupArn = 'arn:aws:logs:us-east-1:111122223333:log-group:states:*';

/** @param left a directory whose executions this process finds on its disk */
export async function startOrchestra(left?: string): Promise<Orchestra> {
  const clock = new VirtualClock(new Date());
  const cloud = await startSmallCloud({ clock });
  if (left !== undefined)
    cpSync(join(left, 'states'), join(cloud.directory, 'states'), { recursive: true });
  const invocations: Invocation[] = [];
  const told: string[] = [];
  const invoker: FunctionInvoker = {
    invoke: (_caller, name, payload) =>
      new Promise((resolve) => {
        invocations.push({
          name,
          payload: JSON.parse(payload) as Record<string, unknown>,
          answer: (value) => resolve({ payload: JSON.stringify(value) }),
          throwError: (errorType) =>
            resolve({
              payload: JSON.stringify({ errorType, errorMessage: 'm' }),
              functionError: 'Unhandled',
            }),
        });
      }),
    invokeLater: () => undefined,
  };
  const details: Orchestra['details'] = [];
  const logLines: Orchestra['logLines'] = [];
  const bus: EventBus = {
    put({ detail }) {
      told.push(String(detail.status));
      details.push(detail);
    },
  };
  const states = cloud.serve(
    createStatesService(cloud.surroundings, invoker, bus, {
      append: (_group, _stream, message) =>
        logLines.push(JSON.parse(message) as Record<string, unknown>),
    }),
  );
  const machineRole = await cloud.role('machine');
  const role = await cloud.role('operator', { Action: 'states:*', Resource: '*' });
  const clientOf = (credentials: SessionCredentials): SFNClient => {
    const endpoint = cloud.surroundings.endpoint();
    const sfn = new SFNClient({ region: 'us-east-1', endpoint, credentials, maxAttempts: 1 });
    // Signatures carry the cloud's time, which is not the machine's once the test has moved it.
    sfn.middlewareStack.add(
      (next) => (args) => {
        sfn.config.systemClockOffset = clock.now().getTime() - Date.now();
        return next(args);
      },
      { step: 'initialize' },
    );
    return sfn;
  };
  const sfn = clientOf(cloud.credentials(role));
  return {
    ...{ cloud, clock, states, sfn, invocations, told, details, logLines },
    invocation: (name, n = 0) =>
      vi.waitFor(() => {
        const found = invocations.filter((one) => one.name === name)[n];
        if (found === undefined) throw new Error(`${name} was not invoked ${n + 1} times`);
        return found;
      }),
    clientOf: (roleArn = role) => clientOf(cloud.credentials(roleArn)),
    async machine(name, definition) {
      const { ref } = await cloud.declare('AWS::StepFunctions::StateMachine', name, {
        StateMachineName: name,
        DefinitionString: JSON.stringify({ QueryLanguage: 'JSONata', ...definition }),
        RoleArn: machineRole,
        LoggingConfiguration: {
          Level: 'ALL',
          Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn } }],
        },
      });
      return ref;
    },
    history(executionArn) {
      return readFileSync(states.historyPath, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as HistoryEvent & { executionArn: string })
        .filter((event) => event.executionArn === executionArn)
        .map(({ id, type }) => `${id} ${type}`);
    },
    stop: () => cloud.stop(),
  };
}
