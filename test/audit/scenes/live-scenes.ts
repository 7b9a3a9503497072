import { RedriveExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import type { FunctionInvoker } from '../../../local/api.ts';
import { craftBatch } from '../../e2e/support/craft-batch.ts';
import { ended, runBatch, sealed, start, until } from '../../e2e/support/run-batch.ts';
import { claims } from '../../e2e/support/hurt-workers.ts';
import type { StudyCloud } from '../../e2e/support/study-cloud.ts';
import { obedientPipeline } from '../../e2e/support/synthesize-obedient.ts';

/** Stands in every object, and is to be found in no fixture. */
export const canary = 'Zebedee Quagmire';

/** A run that was lived through: its execution and its batch. */
export interface Lived {
  readonly executionArn: string;
  readonly batchId: string;
}

type Payload = Readonly<Record<string, unknown>>;

/** Errors that functions answer with, by a part of the function's name. Answers undefined to let it work. */
export type Mischief = (task: string, payload: Payload, count: number) => string | undefined;

/** Stands between Step Functions and the functions, and answers in their place where a scene says so. */
export class Saboteur {
  mischief: Mischief = () => undefined;
  readonly #counts = new Map<string, number>();

  invoker(functions: FunctionInvoker): FunctionInvoker {
    return {
      invokeLater: (...event) => functions.invokeLater(...event),
      invoke: (...call) => {
        const [, name, text] = call;
        const task = /Tasks([A-Za-z]+?)[0-9A-F]{8}-/.exec(name)?.[1] ?? name;
        const count = (this.#counts.get(task) ?? 0) + 1;
        this.#counts.set(task, count);
        const error = this.mischief(task, JSON.parse(text) as Payload, count);
        if (error === undefined) return functions.invoke(...call);
        const payload = JSON.stringify({
          errorType: error,
          errorMessage: `The scene has ${task} fail`,
        });
        return Promise.resolve({ functionError: 'Unhandled', payload });
      },
    };
  }

  /** Begins a scene: counts begin at 1. */
  begin(mischief: Mischief = () => undefined): void {
    this.mischief = mischief;
    this.#counts.clear();
  }
}

const objects = (count: number, deed = 'ok'): { text: string }[] =>
  Array.from({ length: count }, (_, index) => ({ text: `${deed}\n${canary}, object ${index}\n` }));

const request = { pipeline: obedientPipeline, maxMinutes: 10 };

type Scene = (study: StudyCloud, saboteur: Saboteur) => Promise<Lived>;

/** What is recorded: each scene runs one batch in an embedded cloud to its end. */
export const scenes = {
  /** Two workers, five objects, nothing fails. */
  success: async (study, saboteur) => {
    saboteur.begin();
    const { batchId } = await craftBatch(study, objects(5, 'wait 300'));
    const { executionArn } = await runBatch(study, batchId, { ...request, workers: 2 });
    return { executionArn, batchId };
  },
  /** The batch was never sealed. */
  refused: async (study, saboteur) => {
    saboteur.begin();
    const { batchId } = await craftBatch(study, objects(1), { unsealed: true });
    const operator = study.as('operator');
    const executionArn = await start(operator, { ...request, batchId, workers: 1 });
    await ended(operator, executionArn, batchId);
    return { executionArn, batchId };
  },
  /** A service throttles, a worker is lost and replaced, an object is bad, and the batch fails. */
  failed: async (study, saboteur) => {
    saboteur.begin((task, { workerIndex, attempt }, count) => {
      if (task === 'OpenBatch' && count <= 2) return 'AwsUnavailableError';
      if (task === 'AwaitWorker' && workerIndex === 1 && attempt === 1) return 'WorkerLostError';
      return undefined;
    });
    const texts = [...objects(4), { text: `reject BAD_ROW\n${canary}\n` }];
    const { batchId } = await craftBatch(study, texts);
    const { executionArn } = await runBatch(study, batchId, { ...request, workers: 3 });
    return { executionArn, batchId };
  },
  /** Somebody stops the execution while its workers work; the sweeper ends what is left. */
  aborted: async (study, saboteur) => {
    saboteur.begin();
    const { batchId } = await craftBatch(study, objects(4, 'wait 30000'));
    const operator = study.as('operator');
    await sealed(operator, batchId);
    const executionArn = await start(operator, { ...request, batchId, workers: 2 });
    await until(async () => ((await claims(study, batchId)).size > 0 ? true : undefined));
    const said = { error: 'Zebedee', cause: `${canary} asked for it` };
    await operator.sfn.send(new StopExecutionCommand({ executionArn, ...said }));
    await until(async () => {
      const { batch } = await ended(operator, executionArn, batchId);
      return batch?.state === 'FAILED' ? true : undefined;
    });
    return { executionArn, batchId };
  },
  /** The consolidation fails, and somebody redrives the execution, which then succeeds. */
  redriven: async (study, saboteur) => {
    saboteur.begin((task, { redrive }) =>
      task === 'Consolidate' && redrive === 0 ? 'PipelineFailedError' : undefined,
    );
    const { batchId } = await craftBatch(study, objects(3));
    const { executionArn } = await runBatch(study, batchId, { ...request, workers: 2 });
    const operator = study.as('operator');
    await operator.sfn.send(new RedriveExecutionCommand({ executionArn }));
    await ended(operator, executionArn, batchId);
    return { executionArn, batchId };
  },
  /** Forty workers: three are replaced, one is given up. */
  forty: async (study, saboteur) => {
    saboteur.begin((task, { workerIndex, attempt }) => {
      const place = `${task} ${String(workerIndex)}`;
      if (['AwaitWorker 6', 'ConfigureWorker 17', 'DeliverKey 31'].includes(place)) {
        return attempt === 1 ? 'WorkerLostError' : undefined;
      }
      return place === 'ConfigureWorker 22' ? 'WorkerBrokenError' : undefined;
    });
    const { batchId } = await craftBatch(study, objects(80, 'wait 200'));
    const { executionArn } = await runBatch(study, batchId, { ...request, workers: 40 });
    return { executionArn, batchId };
  },
} satisfies Record<string, Scene>;
