import { randomUUID } from 'node:crypto';
import { VirtualClock } from '../clock.ts';
import { parseDefinition } from './definition.ts';
import type { Outcome } from './drive.ts';
import { startExecution } from './execution.ts';
import { TaskFailedError } from './failure.ts';
import type { HistoryEvent } from './history.ts';
import { parseJson, type Json } from './json.ts';
import type { TaskCall } from './runtime.ts';
import { TaskTokens } from './task-tokens.ts';

/** How a scripted Lambda function or service answers. */
export type Behaviour =
  /** Returns its event. */
  | { readonly kind: 'echo' }
  | { readonly kind: 'constant'; readonly value: Json }
  /** Fails the way a Lambda runtime reports an exception. */
  | {
      readonly kind: 'raise';
      readonly errorType: string;
      readonly errorMessage: string;
      readonly stackTrace?: readonly string[];
    }
  | { readonly kind: 'repeat'; readonly text: string; readonly count: number }
  | { readonly kind: 'delay'; readonly ms: number; readonly then: Behaviour }
  /** The n-th call behaves as the n-th step; the last step repeats. */
  | { readonly kind: 'sequence'; readonly steps: readonly Behaviour[] };

/** An answer to a task token, sent some time after the Task was submitted. */
export interface Callback {
  /** Counts the submitted Tasks of the execution, from 0. */
  readonly task: number;
  readonly afterMs: number;
  readonly action: 'success' | 'failure' | 'heartbeat';
  /** The text `$TASK_TOKEN` stands for the token. */
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
}

/** A state machine, its input and the world around it. */
export interface Script {
  readonly definition: unknown;
  readonly input?: Json;
  /** By function ARN. A function that is not here does not exist. */
  readonly lambdas?: Readonly<Record<string, Behaviour>>;
  /** By Resource, for services other than Lambda. */
  readonly tasks?: Readonly<Record<string, Behaviour>>;
  readonly callbacks?: readonly Callback[];
  /** How often the execution is redriven if it does not succeed, each time when nothing happens any more. @default 0 */
  readonly redrives?: number;
  /** @default always 0.5 */
  readonly random?: () => number;
}

const ACCOUNT = 'us-east-1:111111111111';

/**
 * Runs a state machine against scripted services on virtual time, and returns how it ended and its history.
 *
 * Hours of waiting take no time, and the same script gives the same events. An execution that waits for
 * something no script will ever send is aborted.
 */
export async function runScripted(
  script: Script,
): Promise<Outcome & { readonly events: readonly HistoryEvent[] }> {
  const clock = new VirtualClock();
  const tokens = new TaskTokens();
  const services = new ScriptedServices(script, clock);
  let submitted = 0;

  const answer = async (
    { afterMs, action, output, error, cause }: Callback,
    token: string,
  ): Promise<void> => {
    await clock.sleep(afterMs);
    if (action === 'heartbeat') tokens.sendTaskHeartbeat(token);
    else if (action === 'failure') tokens.sendTaskFailure(token, { error, cause });
    else
      tokens.sendTaskSuccess(
        token,
        JSON.stringify(output ?? null).replaceAll('$TASK_TOKEN', token),
      );
  };
  const execution = startExecution({
    definition: parseDefinition(script.definition, {
      supportsResource: (resource) => resource in (script.tasks ?? {}),
    }),
    input: JSON.stringify(script.input ?? {}),
    executionArn: `arn:aws:states:${ACCOUNT}:execution:scripted:run`,
    name: 'run',
    stateMachineArn: `arn:aws:states:${ACCOUNT}:stateMachine:scripted`,
    stateMachineName: 'scripted',
    roleArn: 'arn:aws:iam::111111111111:role/scripted',
    tasks: services,
    tokens,
    clock,
    random: script.random ?? (() => 0.5),
    onEvent: ({ type }) => {
      if (type !== 'TaskSubmitted') return;
      const task = submitted++;
      const token = services.submittedTokens[task];
      for (const callback of script.callbacks ?? []) {
        // A callback that comes too late is refused, which is what a late worker would see as well.
        if (callback.task === task && token) answer(callback, token).catch(() => undefined);
      }
    },
  });
  await clock.runUntilIdle();
  for (let left = script.redrives ?? 0; left > 0; left--) {
    execution.redrive();
    await clock.runUntilIdle();
  }
  execution.abort('Scripted.NothingLeftToHappen');
  return { ...(await execution.done), events: execution.history };
}

/** Lambda, and whatever else a script names, behaving as the script says. */
class ScriptedServices {
  /** Tokens in the order in which their requests returned. */
  readonly submittedTokens: string[] = [];
  readonly #script: Script;
  readonly #clock: VirtualClock;
  readonly #calls = new Map<Behaviour, number>();

  constructor(script: Script, clock: VirtualClock) {
    this.#script = script;
    this.#clock = clock;
  }

  async run({ resource, parameters, taskToken, signal }: TaskCall): Promise<Json> {
    const result = await this.#answer(resource, parameters, signal);
    if (taskToken !== undefined) this.submittedTokens.push(taskToken);
    return result;
  }

  async #answer(resource: string, parameters: Json, signal: AbortSignal): Promise<Json> {
    const service = this.#script.tasks?.[resource];
    if (service) return this.#behave(service, parameters, signal);
    if (!resource.includes(':states:::')) return this.#invoke(resource, parameters, signal);

    const { FunctionName: functionName, Payload: payload } = parameters as {
      FunctionName: string;
      Payload?: Json;
    };
    const arn = functionName.startsWith('arn:')
      ? functionName
      : `arn:aws:lambda:${ACCOUNT}:function:${functionName}`;
    const event = typeof payload === 'string' ? parseJson(payload) : (payload ?? {});
    return {
      ExecutedVersion: '$LATEST',
      Payload: await this.#invoke(arn, event, signal),
      SdkHttpMetadata: { HttpStatusCode: 200 },
      SdkResponseMetadata: { RequestId: randomUUID() },
      StatusCode: 200,
    };
  }

  #invoke(arn: string, event: Json, signal: AbortSignal): Promise<Json> {
    const behaviour = this.#script.lambdas?.[arn];
    if (behaviour) return this.#behave(behaviour, event, signal);
    throw new TaskFailedError({
      error: 'Lambda.ResourceNotFoundException',
      cause:
        `Function not found: ${arn}:$LATEST (Service: AWSLambda; Status Code: 404; ` +
        `Error Code: ResourceNotFoundException; Request ID: ${randomUUID()}; Proxy: null)`,
    });
  }

  async #behave(behaviour: Behaviour, event: Json, signal: AbortSignal): Promise<Json> {
    switch (behaviour.kind) {
      case 'echo':
        return event;
      case 'constant':
        return behaviour.value;
      case 'raise':
        throw raised(behaviour);
      case 'repeat':
        return behaviour.text.repeat(behaviour.count);
      case 'delay':
        await this.#clock.sleep(behaviour.ms, signal);
        return this.#behave(behaviour.then, event, signal);
      case 'sequence':
        return this.#behave(this.#nextStep(behaviour), event, signal);
    }
  }

  #nextStep(sequence: Extract<Behaviour, { kind: 'sequence' }>): Behaviour {
    const call = this.#calls.get(sequence) ?? 0;
    this.#calls.set(sequence, call + 1);
    return sequence.steps[Math.min(call, sequence.steps.length - 1)] ?? { kind: 'echo' };
  }
}

function raised({
  errorType,
  errorMessage,
  stackTrace = [],
}: Extract<Behaviour, { kind: 'raise' }>): Error {
  const cause = JSON.stringify({ errorMessage, errorType, requestId: randomUUID(), stackTrace });
  return new TaskFailedError({ error: errorType, cause });
}
