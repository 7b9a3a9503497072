import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ApiRequest,
  ApiResponse,
  Call,
  FunctionAnswer,
  FunctionInvoker,
  Service,
} from '../../../local/api.ts';
import type { Instance } from '../../../local/services/ec2/instance.ts';
import { signal as sendSignal } from '../../../local/services/ec2/machine-processes.ts';
import { freeze } from '../../e2e/support/hurt-workers.ts';
import type { StudyCloud } from '../../e2e/support/study-cloud.ts';
import { type Fault, thrown } from './fault.ts';
import type { ProverClock } from './prover-clock.ts';
import type { TaskState } from './task-states.ts';
import { Witness } from './witness.ts';

/** One fault at one Task state. */
export interface Trial {
  readonly task: TaskState;
  readonly fault: Fault;
}

/** A trial that is under way, and what is counted of it. */
export interface Running extends Trial {
  readonly batchId: string;
  executionArn: string | undefined;
  invocations: number;
  detoured: boolean;
  /** Name of the function that the fault's state calls, once it did. */
  functionName: string | undefined;
  /** Calls to AWS at the fault's state, by caller, service and operation. */
  readonly calls: Map<string, number>;
}

/** What an empty queue waits for a message, in place of a second. */
const pollMs = 40;

/** The embedded queues take the machine's time: within their calls it jumps with the cloud's. */
export const sqsAhead = new AsyncLocalStorage<number>();

/** Stands at the cloud's seams: counts what is under way, and lets the trial's fault happen. */
export class Interferer {
  study: StudyCloud | undefined;
  clock: ProverClock | undefined;
  #running: Running | undefined;
  #underWay = 0;
  readonly #frozen = new WeakSet<Instance>();
  /** How far each function has slept ahead of the machine's time, by its name. */
  readonly #sleptMs = new Map<string, number>();

  begin(trial: Trial, batchId: string): Running {
    this.#running = {
      ...trial,
      batchId,
      executionArn: undefined,
      invocations: 0,
      detoured: false,
      functionName: undefined,
      calls: new Map(),
    };
    return this.#running;
  }

  end(): void {
    this.#running = undefined;
  }

  isBusy(): boolean {
    const services = this.study?.cloud.services;
    if (services === undefined || this.#underWay > 0 || services.invoker.isBusy) return true;
    // A machine boots, ends, or runs a script, and is not frozen.
    return services.ec2.fleet
      .all()
      .some(
        (instance) =>
          instance.state !== 'terminated' &&
          (instance.state !== 'running' || instance.machine.isBusy) &&
          !(this.#frozen.has(instance) && instance.state !== 'shutting-down'),
      );
  }

  taskInvoker(functions: FunctionInvoker): FunctionInvoker {
    return {
      invokeLater: (...args) => functions.invokeLater(...args),
      invoke: (caller, name, payload, options) =>
        this.#invoke(name, payload, options?.signal, () =>
          functions.invoke(caller, name, payload, options),
        ),
    };
  }

  service(service: Service): Service {
    return {
      ...service,
      handle: (request, call) => this.hold(() => this.#handle(service, request, call)),
    };
  }

  /** Does something that no time is to jump over. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
    }
  }

  async #invoke(
    functionName: string,
    text: string,
    signal: AbortSignal | undefined,
    proceed: () => Promise<FunctionAnswer>,
  ): Promise<FunctionAnswer> {
    const running = this.#running;
    const { study } = this;
    const name = functionName.split(':').at(-1) ?? '';
    this.#sleptMs.set(name, 0);
    const payload = JSON.parse(text) as Record<string, unknown>;
    const executionArn = String(payload.executionArn);
    if (running === undefined || study === undefined) return proceed();
    running.executionArn = executionArn;
    const { task, fault } = running;
    const state = stateOf(study, executionArn);
    if (!running.detoured && task.detour !== undefined && state === task.detour.state) {
      running.detoured = true;
      return thrown(task.detour.error);
    }
    if (state !== task.name) return proceed();
    running.functionName = name;
    running.invocations += 1;
    if (fault.invoke === undefined) return proceed();
    const { invocations: attempt } = running;
    const machine = () => machineOf(study, running.batchId);
    return fault.invoke({
      ...{ attempt, payload, executionArn, study, machine, proceed, signal },
      hold: (work) => this.hold(work),
      freeze: (instance) => {
        freeze(instance);
        // A host that hangs starts nothing, either.
        const pid = readFileSync(join(instance.machine.directory, 'run', 'machine.pid'), 'utf8');
        sendSignal(Number(pid), 'SIGSTOP');
        this.#frozen.add(instance);
      },
    });
  }

  /** Lets the cloud's time pass that a function has slept: see hurried-sleep.ts. */
  #followSleep(request: ApiRequest, { caller: { sessionName = '' } }: Call): void {
    const sleptMs = this.#sleptMs.get(sessionName);
    const aheadMs = Number(request.headers['x-prover-slept'] ?? 0);
    if (sleptMs === undefined || aheadMs <= sleptMs) return;
    this.clock?.pass(aheadMs - sleptMs);
    this.#sleptMs.set(sessionName, aheadMs);
  }

  async #handle(service: Service, request: ApiRequest, call: Call): Promise<ApiResponse> {
    const running = this.#running;
    const { fault, executionArn } = running ?? {};
    const by = running === undefined ? undefined : callerKind(running, call);
    this.#followSleep(request, call);
    const proceed = (witness = call): Promise<ApiResponse> =>
      service.signingName === 'sqs'
        ? sqsAhead.run(this.clock?.aheadMs ?? 0, () => handleQueue(service, request, witness))
        : service.handle(request, witness);
    if (running === undefined || fault?.call === undefined || by === undefined) return proceed();
    if (executionArn === undefined || this.study === undefined) return proceed();
    if (stateOf(this.study, executionArn) !== running.task.name) return proceed();

    const operation = operationOf(request);
    const kind = `${by} ${service.signingName} ${operation}`;
    return fault.call({
      by,
      attempt: running.invocations,
      service: service.signingName,
      operation,
      before: count(running, kind) - 1,
      deny: () => call.authorize({ action: 'prover:NothingAllowsThis', resource: '*' }),
      async proceed() {
        const witness = new Witness(call);
        const answer = await proceed(witness);
        return {
          answer,
          change:
            witness.change === undefined
              ? undefined
              : count(running, `${by} did ${witness.change}`),
        };
      },
    });
  }
}

/** Counts one more of a kind. */
function count({ calls }: Running, kind: string): number {
  const counted = (calls.get(kind) ?? 0) + 1;
  calls.set(kind, counted);
  return counted;
}

function callerKind(
  { functionName }: Running,
  { caller }: Call,
): 'function' | 'worker' | undefined {
  if (caller.instance !== undefined) return 'worker';
  return functionName !== undefined && caller.sessionName === functionName ? 'function' : undefined;
}

/** The state that an execution entered last: with one worker there is no other. */
function stateOf(study: StudyCloud, executionArn: string): string | undefined {
  return study.cloud.services.states
    .historyOf(executionArn)
    .findLast(({ type }) => type.endsWith('StateEntered'))?.stateEnteredEventDetails?.name as
    string | undefined;
}

function machineOf(study: StudyCloud, batchId: string): Instance {
  const machine = study.cloud.services.ec2.fleet
    .all()
    .find(
      ({ state, tags }) =>
        ['pending', 'running'].includes(state) && Object.values(tags.instance).includes(batchId),
    );
  if (machine === undefined) throw new Error('no machine of the batch runs');
  return machine;
}

/** Calls the queue service; receives without a long poll, which is a second of the machine's time. */
async function handleQueue(
  service: Service,
  request: ApiRequest,
  call: Call,
): Promise<ApiResponse> {
  const isReceive = request.headers['x-amz-target'] === 'AmazonSQS.ReceiveMessage';
  if (!isReceive) return service.handle(request, call);
  const body = JSON.parse(await text(request.body)) as Record<string, unknown>;
  const hasty = JSON.stringify({ ...body, WaitTimeSeconds: 0 });
  const answer = await service.handle({ ...request, body: Readable.from([hasty]) }, call);
  const isEmpty = typeof answer.body === 'string' && !answer.body.includes('ReceiptHandle');
  if (isEmpty) await sleep(pollMs);
  return answer;
}

/** What is asked, as far as request line and headers tell it. */
function operationOf({ headers, method, url }: ApiRequest): string {
  return String(headers['x-amz-target'] ?? `${method} ${url.pathname}`);
}
