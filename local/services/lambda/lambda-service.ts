import { randomUUID } from 'node:crypto';
import {
  type ApiRequest,
  type ApiResponse,
  type Call,
  type CallRecord,
  type CloudCaller,
  type FunctionInvoker,
  type Service,
  type Surroundings,
} from '../../api.ts';
import { AsyncInvocations, type DeadInvocation } from './async-invocations.ts';
import type { CodeOf } from './declared-function.ts';
import { FunctionDirectory } from './function-directory.ts';
import { functionResources } from './function-resources.ts';
import { longestSyncPayloadBytes, readInvoke, tooLarge } from './invoke-request.ts';
import type { LogSink } from './log-sink.ts';
import { type PoolOptions, SandboxPool } from './sandbox-pool.ts';

/** The embedded Lambda, and what its neighbours and tests need of it. */
export interface LambdaService extends Service, FunctionInvoker {
  /** Asynchronous events that were given up. A healthy run has none. */
  readonly deadInvocations: readonly DeadInvocation[];
  /**
   * Takes an asynchronous event for whoever wants to know that it was taken.
   *
   * @throws ApiError when the policies do not allow it, or there is no such function.
   */
  takeEvent(...event: Parameters<FunctionInvoker['invokeLater']>): void;
  /** Whether a process works on an event. */
  readonly isBusy: boolean;
  /** Resolves when no asynchronous event is under way. */
  settled(): Promise<void>;
  /** Ids of the running processes. */
  processes(): number[];
}

/**
 * Makes the embedded Lambda: runs the bundles of the assembly, each function in processes of its own.
 *
 * Other than Lambda: the bundle's directory can be written to, a declared architecture is not
 * emulated, a function's log needs no permission of its role, and its network is the host's.
 */
export function createLambdaService(
  surroundings: Surroundings,
  codeOf: CodeOf,
  logSink: LogSink,
  options: PoolOptions = {},
): LambdaService {
  const functions = new FunctionDirectory(surroundings);
  const pool = new SandboxPool(surroundings, logSink, options);
  const later = new AsyncInvocations(surroundings, pool);

  const authorize = (caller: CloudCaller, functionName: string, sourceArn?: string): void => {
    const access = functions.access(functionName);
    surroundings.callAs(caller, 'lambda.amazonaws.com', invokeRecord(access.resource), {
      ...access,
      context: sourceContext(surroundings, sourceArn),
    });
  };

  const takeEvent: LambdaService['takeEvent'] = (caller, functionName, payload, options = {}) => {
    authorize(caller, functionName, options.sourceArn);
    later.submit(functions.get(functionName), randomUUID(), payload);
  };

  const handle = async (request: ApiRequest, call: Call): Promise<ApiResponse> => {
    const { functionName, isEvent, payload } = await readInvoke(request);
    const access = functions.access(functionName);
    call.record(invokeRecord(access.resource));
    call.authorize(access);
    const declared = functions.get(functionName);
    if (isEvent) {
      later.submit(declared, call.requestId, payload);
      return { status: 202 };
    }
    const answer = await pool.run(declared, call.requestId, payload);
    return {
      status: 200,
      headers: {
        'content-type': 'application/json',
        'x-amz-executed-version': '$LATEST',
        ...(answer.functionError && { 'x-amz-function-error': answer.functionError }),
      },
      body: answer.payload,
    };
  };

  return {
    signingName: 'lambda',
    protocol: 'rest-json',
    resources: functionResources(surroundings, codeOf, functions, later),
    handle,
    deadInvocations: later.dead,
    get isBusy() {
      return pool.isBusy;
    },
    settled: () => later.settled(),
    processes: () => pool.processes(),
    async invoke(caller, functionName, payload, { signal, sourceArn } = {}) {
      signal?.throwIfAborted();
      authorize(caller, functionName, sourceArn);
      const declared = functions.get(functionName);
      if (Buffer.byteLength(payload) > longestSyncPayloadBytes)
        throw tooLarge(longestSyncPayloadBytes);
      // As in AWS, a function runs to its end though nobody waits for the answer any more.
      return Promise.race([pool.run(declared, randomUUID(), payload), aborted(signal)]);
    },
    takeEvent,
    invokeLater(caller, functionName, payload, options) {
      try {
        takeEvent(caller, functionName, payload, options);
      } catch (error) {
        later.bury(functionName, randomUUID(), error);
      }
    },
    async stop() {
      later.stop();
      await pool.stop();
    },
  };
}

function invokeRecord(functionArn: string): CallRecord {
  return {
    eventName: 'Invoke',
    readOnly: false,
    dataEvent: true,
    requestParameters: { functionName: functionArn },
    resources: [{ ARN: functionArn, type: 'AWS::Lambda::Function' }],
  };
}

/** A service says for which of its resources it calls. */
function sourceContext({ accountId }: Surroundings, sourceArn: string | undefined) {
  return sourceArn === undefined
    ? {}
    : { 'aws:SourceArn': sourceArn, 'aws:SourceAccount': accountId };
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('nobody waits for the answer')), {
      once: true,
    });
  });
}
