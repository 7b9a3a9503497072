import { SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { ApiError } from '../../../local/api.ts';
import type { StudyCloud } from '../../e2e/support/study-cloud.ts';
import { type Fault, type Invocation, thrown } from './fault.ts';
import type { TaskState } from './task-states.ts';

/** An answer of another form than any task's. */
const offContract = JSON.stringify({ unexpected: 'shape' });

/** The errors of our own that the state machine names at a Task. */
export function namedErrorFaults({ ownErrors }: TaskState): readonly Fault[] {
  return ownErrors.flatMap((error): Fault[] => [
    {
      name: `throws ${error} once`,
      kind: 'task throws a named error',
      invoke: async ({ attempt, proceed }) => (attempt === 1 ? thrown(error) : proceed()),
    },
    {
      name: `throws ${error} always`,
      kind: 'task throws a named error',
      invoke: () => Promise.resolve(thrown(error)),
    },
  ]);
}

/** What else can go wrong between Step Functions and the function of a Task. */
export function functionFaults({ waitsForToken }: TaskState): readonly Fault[] {
  return [...faults, waitsForToken ? workerOffContract : functionOffContract];
}

const faults: readonly Fault[] = [
  {
    name: 'throws an unknown error',
    kind: 'task throws an unknown error',
    invoke: () => Promise.resolve(thrown('TypeError')),
  },
  {
    name: 'reaches its time limit once',
    kind: 'task times out',
    invoke: async ({ attempt, proceed }) =>
      attempt === 1 ? thrown('Sandbox.Timedout') : proceed(),
  },
  {
    name: 'never answers',
    kind: 'task times out',
    invoke: ({ signal }) => nobody(signal),
  },
  {
    name: 'loses its answer after its work',
    kind: 'answer lost after the effect',
    invoke: async ({ attempt, proceed }) => {
      const answer = await proceed();
      if (attempt > 1) return answer;
      throw new ApiError('SdkClientException', 'the connection was reset', 500);
    },
  },
  {
    name: 'is invoked twice at once',
    kind: 'task invoked twice at once',
    invoke: async ({ proceed }) => {
      const [first] = await Promise.all([proceed(), proceed()]);
      return first;
    },
  },
];

const functionOffContract: Fault = {
  name: 'answers off contract',
  kind: 'answer off contract',
  invoke: async ({ proceed }) => {
    const answer = await proceed();
    return answer.functionError === undefined ? { payload: offContract } : answer;
  },
};

/** The function's own answer counts for nothing here: it is the worker's that does. */
const workerOffContract: Fault = {
  name: 'answers off contract',
  kind: 'answer off contract',
  invoke: async ({ proceed, payload, study }: Invocation) => {
    const answer = await proceed();
    const taskToken = String(payload.taskToken);
    await asWorker(study).send(new SendTaskSuccessCommand({ taskToken, output: offContract }));
    return answer;
  },
};

/** Step Functions as a worker calls it. */
function asWorker({ cloud }: StudyCloud): SFNClient {
  const { endpoint, region } = cloud;
  return new SFNClient({ endpoint, region, credentials: cloud.credentials('Worker', 'prover') });
}

/** Waits until nobody waits any more. */
function nobody(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('nobody waits')), { once: true });
  });
}
