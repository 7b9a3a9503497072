import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import type {
  ApiRequest,
  ApiResponse,
  Call,
  CallRecord,
  FunctionAnswer,
  FunctionInvoker,
  Service,
} from '../../../local/api.ts';
import type { CloudTrailRecord } from '../../../local/gateway/cloudtrail-record.ts';
import { findRemnants } from '../../../local/demo/check-evaporated.ts';
import type { Instance } from '../../../local/services/ec2/instance.ts';
import { type CraftedBatch, craftBatch } from '../../e2e/support/craft-batch.ts';
import { signal as sendSignal } from '../../../local/services/ec2/machine-processes.ts';
import { freeze } from '../../e2e/support/hurt-workers.ts';
import { type BatchEnd, ended, sealed, start } from '../../e2e/support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from '../../e2e/support/study-cloud.ts';
import { obedientImage, obedientPipeline } from '../../e2e/support/synthesize-obedient.ts';
import { type Fault, thrown } from './fault.ts';
import { ProverClock } from './prover-clock.ts';
import type { TaskState } from './task-states.ts';

/** One fault at one Task state. */
export interface Trial {
  readonly task: TaskState;
  readonly fault: Fault;
}

/** What a batch came to that met a fault. */
export interface TrialEnd extends BatchEnd {
  readonly batchId: string;
  /** How often the fault's state called its function. */
  readonly invocations: number;
  /** From start to end, as AWS's clocks would have it. */
  readonly seconds: number;
  /** Hourly sweeps that it took until nothing was left. */
  readonly sweeps: number;
  /** Subjects of the batch's mails. */
  readonly mails: readonly string[];
  /** Calls from the start on. */
  readonly calls: readonly CloudTrailRecord[];
}

/** The execution's status, and its error where it has one. */
export function outcomeOf({ execution: { status, error } }: BatchEnd): string {
  return [status, error].filter((part) => part !== undefined).join(' ');
}

interface Running extends Trial {
  readonly batchId: string;
  executionArn: string | undefined;
  invocations: number;
  detoured: boolean;
  /** Name of the function that the fault's state calls, once it did. */
  functionName: string | undefined;
  /** Calls to AWS at the fault's state, by caller, service and operation. */
  readonly calls: Map<string, number>;
}

/** Stands in every object, and is to be found nowhere. */
export const canary = 'Zebedee Quagmire';

/** A batch's objects: what the pipeline is told, and the canary. Two where it matters which is at work. */
function objectsFor({ task, fault }: Trial): { readonly text: string }[] {
  const words = task.waitsForToken ? ['one', 'two'] : ['one'];
  const deeds = fault.isSlow === true ? 'wait 300\nlater wait 300' : 'ok';
  return words.map((word) => ({ text: `${deeds}\n${canary}, object ${word}\n` }));
}

/** What an empty queue waits for a message, in place of a second. */
const pollMs = 40;

/**
 * An embedded cloud in which one batch after the other meets a fault.
 *
 * Bundles, agent, policies and services are the real ones; the faults come in at the seams that the
 * cloud leaves to tests. Time jumps while nothing happens.
 */
export class Prover {
  readonly study: StudyCloud;
  readonly #clock: ProverClock;
  readonly #interferer: Interferer;

  private constructor(study: StudyCloud, clock: ProverClock, interferer: Interferer) {
    this.study = study;
    this.#clock = clock;
    this.#interferer = interferer;
  }

  static async start(assemblyDirectory: string): Promise<Prover> {
    const interferer = new Interferer();
    const clock = new ProverClock(() => interferer.isBusy());
    interferer.clock = clock;
    const now = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => now() + (sqsAhead.getStore() ?? 0));
    const study = await startStudyCloud({
      assemblyDirectory,
      clock,
      interference: {
        service: (service) => interferer.service(service),
        taskInvoker: (functions) => interferer.taskInvoker(functions),
        sandbox: {
          // One for each function, and for those that are invoked twice.
          maxSandboxes: 32,
          execArgv: ['--import', fileURLToPath(new URL('hurried-sleep.ts', import.meta.url))],
        },
        // What an instance fetches is the boot's matter, and tested there.
        ec2: { graceSeconds: 1, imageSoftware: obedientImage(assemblyDirectory) },
      },
    });
    interferer.study = study;
    return new Prover(study, clock, interferer);
  }

  async stop(): Promise<void> {
    this.#clock.walk();
    await this.study.stop();
    vi.restoreAllMocks();
  }

  /** Uploads a batch, runs it with a fault, and waits until all that follows from it has happened. */
  async try({ task, fault }: Trial): Promise<TrialEnd> {
    const { study } = this;
    const { batchId }: CraftedBatch = await craftBatch(study, objectsFor({ task, fault }));
    const operator = study.as('operator');
    await sealed(operator, batchId);
    await study.cloud.flush();
    const { size: logged } = await stat(study.cloud.accessLogPath);
    const trial = this.#interferer.begin({ task, fault }, batchId);
    const undo = fault.prepare?.(study);
    try {
      const { workers = 1 } = fault;
      const input = { batchId, pipeline: obedientPipeline, workers, maxMinutes: 10 };
      const executionArn = await start(operator, input);
      const began = this.#clock.now().getTime();
      this.#clock.run();
      const seconds = await this.#waitForEnd(executionArn, began);
      const sweeps = await this.#settle({ batchId, executionArn });
      this.#clock.walk();
      const end = await ended(operator, executionArn, batchId);
      await study.cloud.flush();
      return {
        ...end,
        batchId,
        invocations: trial.invocations,
        seconds,
        sweeps,
        mails: study.cloud
          .mails()
          .map(({ subject }) => subject)
          .filter((subject) => subject.includes(batchId)),
        calls: await readCalls(study.cloud.accessLogPath, logged),
      };
    } finally {
      this.#clock.walk();
      undo?.();
      this.#interferer.end();
    }
  }

  async #waitForEnd(executionArn: string, began: number): Promise<number> {
    const { states } = this.study.cloud.services;
    for (;;) {
      const last = states.historyOf(executionArn).at(-1);
      if (last !== undefined && /^Execution(?!Started|Redriven)/.test(last.type)) {
        return (last.timestamp.getTime() - began) / 1000;
      }
      await sleep(5);
    }
  }

  /** Waits for what the end set off; then the hourly sweep comes by, until nothing is left. */
  async #settle(run: { batchId: string; executionArn: string }): Promise<number> {
    const { study } = this;
    const { events, invoker, ec2 } = study.cloud.services;
    for (let sweeps = 0; ; sweeps += 1) {
      // What is put on the bus is delivered behind the call.
      await setImmediate();
      await events.settled();
      await invoker.settled();
      // A function runs to its end, though its execution is over.
      while (invoker.isBusy || ec2.fleet.all().some(isEnding)) await sleep(5);
      const remnants = await this.#interferer.hold(() =>
        findRemnants(study.as('auditor'), { ...study.settings, ...run }),
      );
      if (sweeps === 2 || Object.values(remnants).every((left) => left === 0)) return sweeps;
      events.triggerSchedule('EventsHourly');
    }
  }
}

const isEnding = ({ state }: Instance): boolean => state === 'shutting-down';

/** The embedded queues take the machine's time: within their calls it jumps with the cloud's. */
const sqsAhead = new AsyncLocalStorage<number>();

/** Stands at the cloud's seams: counts what is under way, and lets the trial's fault happen. */
class Interferer {
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
          !(instance.state === 'running' && this.#frozen.has(instance)),
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

/** A call that remembers whether it changes anything. */
class Witness implements Call {
  /** Name of the operation, if it changes anything. */
  change: string | undefined;
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  get requestId(): string {
    return this.#call.requestId;
  }

  get caller(): Call['caller'] {
    return this.#call.caller;
  }

  get time(): Date {
    return this.#call.time;
  }

  authorize(...args: Parameters<Call['authorize']>): void {
    this.#call.authorize(...args);
  }

  authorizeVia(...args: Parameters<Call['authorizeVia']>): void {
    this.#call.authorizeVia(...args);
  }

  needsNoPermission(): void {
    this.#call.needsNoPermission();
  }

  record(details: CallRecord): void {
    if (!details.readOnly) this.change = details.eventName;
    this.#call.record(details);
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

async function readCalls(path: string, from: number): Promise<CloudTrailRecord[]> {
  const log = (await readFile(path)).subarray(from).toString('utf8').trimEnd();
  return log.split('\n').map((line) => JSON.parse(line) as CloudTrailRecord);
}
