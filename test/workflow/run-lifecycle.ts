import type * as z from 'zod';
import { parseDefinition } from '../../local/asl/definition.ts';
import { startExecution } from '../../local/asl/execution.ts';
import { TaskFailedError } from '../../local/asl/failure.ts';
import type { Json } from '../../local/asl/json.ts';
import { TaskTokens } from '../../local/asl/task-tokens.ts';
import { VirtualClock } from '../../local/clock.ts';
import { AwaitWorkerInput } from '../../tasks/await-worker/await-worker.ts';
import { CloseBatchInput } from '../../tasks/close-batch/close-batch.ts';
import { ConfigureWorkerInput } from '../../tasks/configure-worker/configure-worker.ts';
import { ConsolidateInput } from '../../tasks/consolidate/consolidate.ts';
import { DeliverKeyInput } from '../../tasks/deliver-key/deliver-key.ts';
import { FailBatchInput } from '../../tasks/fail-batch/fail-batch.ts';
import { LaunchWorkerInput } from '../../tasks/launch-worker/launch-worker.ts';
import { NotifyInput } from '../../tasks/notify/notify.ts';
import { OpenBatchInput } from '../../tasks/open-batch/open-batch.ts';
import { ProcessInput } from '../../tasks/process/process.ts';
import { ProveEvaporatedInput } from '../../tasks/prove-evaporated/prove-evaporated.ts';
import { RetireWorkerInput } from '../../tasks/retire-worker/retire-worker.ts';
import { TerminateWorkersInput } from '../../tasks/terminate-workers/terminate-workers.ts';
import { ValidateRequestInput } from '../../tasks/validate-request/validate-request.ts';
import type { TaskName } from '../../workflow/task-functions.ts';
import { batchId } from '../ledger/codes.ts';
import type { Asl, TemplateFunction } from './state-machine.ts';

/** What each function accepts: the payloads of the definition are held against the tasks' own schemas. */
const inputs: Readonly<Record<TaskName, z.ZodType>> = {
  'validate-request': ValidateRequestInput,
  'open-batch': OpenBatchInput,
  notify: NotifyInput,
  'launch-worker': LaunchWorkerInput,
  'await-worker': AwaitWorkerInput,
  'configure-worker': ConfigureWorkerInput,
  'deliver-key': DeliverKeyInput,
  process: ProcessInput,
  'retire-worker': RetireWorkerInput,
  consolidate: ConsolidateInput,
  'terminate-workers': TerminateWorkersInput,
  'prove-evaporated': ProveEvaporatedInput,
  'close-batch': CloseBatchInput,
  'fail-batch': FailBatchInput,
};

type Payload = Record<string, Json>;

/** One call of a function, as a test sees it. */
export interface Call {
  readonly state: string;
  readonly payload: Payload;
  /** Calls of this state before this one. */
  readonly count: number;
}

/**
 * How a state's function, or the worker behind it, answers: a result, an error of this name, or
 * `silent`: a worker that is told and never heard of again; or `busy`: one that beats and never ends.
 */
export type Answer =
  | { readonly result: Json }
  | { readonly error: string; readonly plain?: string }
  | 'silent'
  | 'busy';

/** Answers of functions that have nothing against their input. */
function ownAnswer(call: Call): Answer {
  const { redriven, error, cause } = call.payload as Partial<FailBatchInput>;
  if (call.state === 'Fail Batch') {
    return redriven === true ? { result: {} } : { error: error ?? '', plain: cause };
  }
  return redriven === true ? { error: 'RunEndedError' } : { result: wellAnswer(call) };
}

/** Answers of a world in which everything goes well. */
function wellAnswer({ state, payload }: Call): Json {
  const { request } = payload;
  const index = Number(payload.workerIndex ?? 0);
  const instance = String(index * 10 + Number(payload.attempt)).padStart(17, '0');
  const answers: Record<string, Json> = {
    'Validate Request': {
      batchId: batchId(1),
      pipeline: 'vitals-summary',
      workers: (request as { workers?: number } | undefined)?.workers ?? 2,
      tenancy: 'dedicated',
      instanceType: 'm7i.large',
      maxSeconds: 3600,
      tolerateFailedObjects: 0,
      retry: false,
    },
    'Open Batch': {
      objects: 12,
      queueUrl: 'https://sqs.us-east-1.amazonaws.com/1/q',
      notListed: 0,
    },
    'Launch Worker': { instanceId: `i-${instance}` },
    'Deliver Key': { grantId: 'id', grantToken: `grant-${index}` },
    Consolidate: {
      objects: 12,
      done: 12,
      failed: 0,
      resultKey: 'out/result',
      resultBytes: 1,
      resultSha256: 'a',
    },
    'Prove Evaporated': { instances: 0, checkedAt: '2026-03-02T08:00:00.000Z' },
  };
  return answers[state] ?? {};
}

export interface Lived {
  readonly status: string;
  readonly output: Record<string, unknown>;
  readonly error?: string;
  readonly cause?: string;
  readonly calls: readonly Call[];
  readonly seconds: number;
  readonly transitions: number;
}

/**
 * Runs the template's definition on virtual time, with functions and workers that answer as a test
 * says, and well where it says nothing.
 *
 * A payload that its task's schema refuses fails the run with the field's name.
 */
export async function runLifecycle(
  { asl, functions }: { readonly asl: Asl; readonly functions: readonly TemplateFunction[] },
  answer: (call: Call) => Answer | undefined = () => undefined,
  input: Json = { batchId: batchId(1), pipeline: 'vitals-summary' },
): Promise<Lived> {
  const clock = new VirtualClock();
  const tokens = new TaskTokens();
  const calls: Call[] = [];
  const began = clock.now().getTime();
  const run = async (state: string, parameters: Json, token: string | undefined): Promise<Json> => {
    const { FunctionName, Payload: payload } = parameters as {
      FunctionName: string;
      Payload: Payload;
    };
    const { task } = functions.find(({ arn }) => arn === FunctionName)!;
    inputs[task as TaskName].parse(payload);
    const call = { state, payload, count: calls.filter((one) => one.state === state).length };
    calls.push(call);
    await clock.sleep(1000);
    const said = answer(call) ?? ownAnswer(call);
    if (token !== undefined && (typeof said === 'string' || 'result' in said || said.plain)) {
      // A worker that answers late finds its token closed.
      void answerToken(token, said).catch(() => undefined);
      return { StatusCode: 200, Payload: { commandId: 'c' } };
    }
    if (typeof said === 'string') throw new Error(`${state} has no worker`);
    if ('result' in said) return { StatusCode: 200, Payload: said.result };
    const { error } = said;
    const cause = JSON.stringify({ errorType: error, errorMessage: `sentence of ${error}` });
    throw new TaskFailedError({ error, cause });
  };
  const answerToken = async (token: string, said: Answer): Promise<void> => {
    if (said === 'silent') return;
    await clock.sleep(2000);
    if (said === 'busy') {
      for (;;) {
        tokens.sendTaskHeartbeat(token);
        await clock.sleep(20_000);
      }
    }
    if ('error' in said) tokens.sendTaskFailure(token, { error: said.error, cause: said.plain });
    else tokens.sendTaskSuccess(token, JSON.stringify(said.result));
  };
  const execution = startExecution({
    definition: parseDefinition(asl),
    input: JSON.stringify(input),
    executionArn: 'arn:aws:states:us-east-1:111122223333:execution:czarhipaa-batch:run-1',
    name: 'run-1',
    stateMachineArn: 'arn:aws:states:us-east-1:111122223333:stateMachine:czarhipaa-batch',
    stateMachineName: 'czarhipaa-batch',
    roleArn: 'arn:aws:iam::111122223333:role/machine',
    tasks: {
      run: ({ stateName, parameters, taskToken }) => run(stateName, parameters, taskToken),
    },
    tokens,
    clock,
    random: () => 0.5,
  });
  await clock.runUntilIdle();
  execution.abort('Test.NothingLeftToHappen');
  const { output, ...outcome } = await execution.done;
  return {
    ...outcome,
    output: JSON.parse(output ?? '{}') as Record<string, unknown>,
    calls,
    seconds: (clock.now().getTime() - began) / 1000,
    transitions: execution.history.filter(({ type }) => type.endsWith('StateEntered')).length,
  };
}
