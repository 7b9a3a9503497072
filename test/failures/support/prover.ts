import { readFile, stat } from 'node:fs/promises';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import type { CloudTrailRecord } from '../../../local/gateway/cloudtrail-record.ts';
import { findRemnants } from '../../../local/demo/check-evaporated.ts';
import type { Instance } from '../../../local/services/ec2/instance.ts';
import { type CraftedBatch, craftBatch } from '../../e2e/support/craft-batch.ts';
import { type BatchEnd, ended, sealed, start } from '../../e2e/support/run-batch.ts';
import { readEvidence, type StoredBundle } from '../../e2e/support/read-evidence.ts';
import { startStudyCloud, type StudyCloud } from '../../e2e/support/study-cloud.ts';
import { obedientPipeline } from '../../e2e/support/synthesize-obedient.ts';
import { Interferer, sqsAhead, type Trial } from './interferer.ts';
import { ProverClock } from './prover-clock.ts';

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
  /** Of the execution, in S3L. */
  readonly evidence: readonly StoredBundle[];
}

/** The execution's status, and its error where it has one. */
export function outcomeOf({ execution: { status, error } }: BatchEnd): string {
  return [status, error].filter((part) => part !== undefined).join(' ');
}

/** Stands in every object, and is to be found nowhere. */
export const canary = 'Zebedee Quagmire';

/** A batch's objects: what the pipeline is told, and the canary. Two where it matters which is at work. */
function objectsFor({ task, fault }: Trial): { readonly text: string }[] {
  const words = task.waitsForToken ? ['one', 'two'] : ['one'];
  const deeds = fault.isSlow === true ? 'wait 300\nlater wait 300' : 'ok';
  return words.map((word) => ({ text: `${deeds}\n${canary}, object ${word}\n` }));
}

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
        ec2: { graceSeconds: 1 },
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
        evidence: await readEvidence(study.as('auditor'), { batchId, executionArn }),
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

async function readCalls(path: string, from: number): Promise<CloudTrailRecord[]> {
  const log = (await readFile(path)).subarray(from).toString('utf8').trimEnd();
  return log.split('\n').map((line) => JSON.parse(line) as CloudTrailRecord);
}
