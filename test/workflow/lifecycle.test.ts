import { beforeAll, describe, expect, it } from 'vitest';
import { batchId } from '../ledger/codes.ts';
import { type Answer, type Call, type Lived, runLifecycle } from './run-lifecycle.ts';
import { type Asl, readTemplate, type TemplateFunction } from './state-machine.ts';

let template: { asl: Asl; functions: TemplateFunction[] };

beforeAll(async () => {
  template = await readTemplate();
});

const live = (
  answer?: (call: Call) => Answer | undefined,
  input?: Parameters<typeof runLifecycle>[2],
) => runLifecycle(template, answer, input);
const states = ({ calls }: Lived) => calls.map(({ state }) => state);
const of = ({ calls }: Lived, state: string) => calls.filter((call) => call.state === state);
const fails =
  (state: string, error: string, times = Infinity) =>
  (call: Call): Answer | undefined =>
    call.state === state && call.count < times ? { error } : undefined;

/** The states of the failure path, in their order. */
const afterFailure = [
  'Terminate After Failure',
  'Prove Evaporated After Failure',
  'Notify Failed',
  'Close Failed Batch',
  'Fail Batch',
];

describe('a batch that goes well', () => {
  it('goes through all states in order and tells its result and its proof', async () => {
    const lived = await live();

    expect(lived.status).toBe('SUCCEEDED');
    expect(states(lived).filter((state, index, all) => all.indexOf(state) === index)).toEqual([
      'Validate Request',
      'Open Batch',
      'Notify Working',
      'Launch Worker',
      'Await Worker',
      'Configure Worker',
      'Deliver Key',
      'Process',
      'Consolidate',
      'Notify Done',
      'Terminate',
      'Prove Evaporated',
      'Notify Evaporated',
      'Close Batch',
    ]);
    expect(lived.output).toEqual({
      batchId: batchId(1),
      objects: 12,
      done: 12,
      failed: 0,
      workers: 2,
      resultKey: 'out/result',
      evaporated: { instances: 0, checkedAt: '2026-03-02T08:00:00.000Z' },
    });
  });

  it.each([1, 2, 40])(
    'gives %i workers their index, and all of them to Consolidate',
    async (workers) => {
      const lived = await live(undefined, { batchId: batchId(1), pipeline: 'x', workers });

      const indexes = of(lived, 'Process').map(({ payload }) => payload.workerIndex);
      expect(indexes.map(Number).sort((a, b) => a - b)).toEqual(
        Array.from({ length: workers }, (_, i) => i),
      );
      expect(of(lived, 'Consolidate')[0]!.payload.workers).toHaveLength(workers);
      expect(lived.output.workers).toBe(workers);
    },
  );

  it('takes transitions that grow with workers', async () => {
    const one = await live(undefined, { batchId: batchId(1), pipeline: 'x', workers: 1 });
    const five = await live(undefined, { batchId: batchId(1), pipeline: 'x', workers: 5 });

    // 12 states outside of the Map, 6 of each worker.
    expect([one.transitions, five.transitions]).toEqual([12 + 6, 12 + 5 * 6]);
  });
});

describe('a request that is refused', () => {
  it.each([
    ['Validate Request', 'RequestRefusedError'],
    ['Open Batch', 'BatchTakenError'],
    ['Open Batch', 'ManifestMismatchError'],
  ])(
    'by %s with %s ends in a sentence; nothing is launched and no mail sent',
    async (state, error) => {
      const lived = await live(fails(state, error));

      expect(lived).toMatchObject({ status: 'FAILED', error, cause: `sentence of ${error}` });
      expect(states(lived)).toEqual(state === 'Open Batch' ? ['Validate Request', state] : [state]);
    },
  );
});

describe('a worker that is lost', () => {
  it.each<[string, Answer]>([
    ['Launch Worker', { error: 'InvalidParameterValue' }],
    ['Await Worker', { error: 'WorkerLostError' }],
    ['Configure Worker', { error: 'WorkerBrokenError', plain: 'swap is on' }],
    ['Configure Worker', 'silent'],
    ['Deliver Key', { error: 'MalformedPolicyDocumentException' }],
    ['Process', 'silent'],
    ['Process', { error: 'WorkerLostError' }],
  ])('in %s (%j) is retired, and a fresh one takes its place', async (state, answer) => {
    const lived = await live((call) =>
      call.state === state && call.payload.workerIndex === 1 && call.payload.attempt === 1
        ? answer
        : undefined,
    );

    expect(lived.status).toBe('SUCCEEDED');
    expect(
      of(lived, 'Retire Worker').map(({ payload }) => [payload.workerIndex, payload.attempt]),
    ).toEqual([[1, 1]]);
    expect(
      of(lived, 'Launch Worker').map(({ payload }) => [payload.workerIndex, payload.attempt]),
    ).toEqual([
      [0, 1],
      [1, 1],
      [1, 2],
    ]);
    expect(of(lived, 'Consolidate')[0]!.payload.workers).toContainEqual({
      workerIndex: 1,
      instanceId: 'i-00000000000000012',
      grantToken: 'grant-1',
    });
  });

  it('is noticed a minute after its last heartbeat', async () => {
    const well = await live();
    const lost = await live(({ state, count }) =>
      state === 'Process' && count === 0 ? 'silent' : undefined,
    );

    expect(lost.seconds - well.seconds).toBeGreaterThan(55);
    expect(lost.seconds - well.seconds).toBeLessThan(75);
  });

  it('is given up after three machines, and the batch goes on with the others', async () => {
    const lived = await live(({ state, payload }) =>
      state === 'Process' && payload.workerIndex === 0 ? { error: 'WorkerLostError' } : undefined,
    );

    expect(lived.status).toBe('SUCCEEDED');
    expect(of(lived, 'Launch Worker')).toHaveLength(4);
    expect(of(lived, 'Retire Worker')).toHaveLength(3);
    expect(of(lived, 'Consolidate')[0]!.payload.workers).toMatchObject([{ workerIndex: 1 }]);
    expect(of(lived, 'Notify Done')[0]!.payload.workers).toBe(1);
  });

  it.each(['QuotaExceededError', 'KeyUnavailableError', 'PermissionError', 'ContractError'])(
    'is not replaced after %s, which a fresh one would meet again',
    async (error) => {
      const state = error === 'KeyUnavailableError' ? 'Deliver Key' : 'Launch Worker';

      const lived = await live(fails(state, error));

      expect(lived).toMatchObject({ status: 'FAILED', error });
      expect(of(lived, 'Launch Worker')).toHaveLength(2);
      expect(states(lived).slice(-afterFailure.length)).toEqual(afterFailure);
    },
  );

  it('is not replaced when the time of the request is used up', async () => {
    const lived = await live(({ state }) => (state === 'Process' ? 'busy' : undefined));

    expect(lived).toMatchObject({
      status: 'FAILED',
      error: 'States.Timeout',
    });
    expect(of(lived, 'Launch Worker')).toHaveLength(2);
  });

  it('is replaced though it could not be retired', async () => {
    const lived = await live(
      (call) =>
        fails('Process', 'WorkerLostError', 1)(call) ??
        fails('Retire Worker', 'PermissionError')(call),
    );

    expect(lived.status).toBe('SUCCEEDED');
    expect(of(lived, 'Launch Worker')).toHaveLength(3);
  });

  it('waits for capacity before it takes another machine', async () => {
    const lived = await live(fails('Launch Worker', 'InsufficientCapacityError', 3));

    expect(lived.status).toBe('SUCCEEDED');
    expect(of(lived, 'Retire Worker')).toHaveLength(0);
  });
});

describe('consolidation', () => {
  it('asks another worker when one is lost, in turn', async () => {
    const lived = await live(({ state, count }) =>
      state === 'Consolidate' && count < 2 ? 'silent' : undefined,
    );

    expect(lived.status).toBe('SUCCEEDED');
    expect(of(lived, 'Consolidate').map(({ payload }) => payload.retries)).toEqual([0, 1, 2]);
  });

  it('fails the batch after the third', async () => {
    const lived = await live(fails('Consolidate', 'WorkerLostError'));

    expect(lived).toMatchObject({ status: 'FAILED', error: 'WorkerLostError' });
    expect(of(lived, 'Consolidate')).toHaveLength(3);
  });

  it.each(['ObjectsFailedError', 'PipelineFailedError'])(
    'fails the batch with the worker’s %s and its words',
    async (error) => {
      const lived = await live(({ state }) =>
        state === 'Consolidate' ? { error, plain: '2 of 12 objects failed' } : undefined,
      );

      expect(lived).toMatchObject({ status: 'FAILED', error, cause: '2 of 12 objects failed' });
      expect(of(lived, 'Consolidate')).toHaveLength(1);
      expect(of(lived, 'Notify Failed')[0]!.payload).toMatchObject({
        kind: 'failed',
        reason: error,
      });
      expect(of(lived, 'Close Failed Batch')[0]!.payload).toMatchObject({
        outcome: 'FAILED',
        reason: error,
      });
    },
  );
});

describe('after Open Batch', () => {
  it.each([
    'Open Batch',
    'Notify Working',
    'Process',
    'Consolidate',
    'Terminate',
    'Prove Evaporated',
    'Close Batch',
  ])('a failure in %s ends everything, proves it, tells it, and ends FAILED', async (state) => {
    const lived = await live(fails(state, 'PermissionError'));

    expect(lived).toMatchObject({
      status: 'FAILED',
      error: 'PermissionError',
      cause: 'sentence of PermissionError',
    });
    expect(states(lived).slice(-afterFailure.length)).toEqual(afterFailure);
  });

  it('the failure path goes on whatever fails on it', async () => {
    const lived = await live(({ state }) =>
      state === 'Consolidate' || afterFailure.includes(state)
        ? { error: 'PermissionError' }
        : undefined,
    );

    expect(lived).toMatchObject({ status: 'FAILED', error: 'PermissionError' });
    expect(states(lived).slice(-afterFailure.length)).toEqual(afterFailure);
  });

  it('remnants lead, and the first failure is told behind them', async () => {
    const lived = await live(
      (call) =>
        fails('Consolidate', 'PipelineFailedError')(call) ??
        fails('Prove Evaporated After Failure', 'RemnantsError')(call),
    );

    expect(lived).toMatchObject({
      error: 'RemnantsError',
      cause: 'sentence of RemnantsError; before that: sentence of PipelineFailedError',
    });
    expect(of(lived, 'Notify Failed')[0]!.payload.reason).toBe('RemnantsError');
  });

  it.each(['Notify Done', 'Notify Evaporated'])(
    'a mail that cannot go out in %s fails no batch',
    async (state) => {
      const lived = await live(fails(state, 'MessageRejected'));

      expect(lived.status).toBe('SUCCEEDED');
    },
  );

  it.each<[Answer, string, string]>([
    ['silent', 'WorkerLostError', 'the worker sent no heartbeat in the state Consolidate'],
    ['busy', 'States.Timeout', 'the state Consolidate ended with States.Timeout'],
  ])('a worker that is %s has a sentence, too', async (answer, error, cause) => {
    const lived = await live(({ state }) => (state === 'Consolidate' ? answer : undefined));

    expect(lived).toMatchObject({ status: 'FAILED', error, cause });
  });
});

describe('what is transient', () => {
  it.each(['AwsUnavailableError', 'Lambda.TooManyRequestsException', 'Sandbox.Timedout'])(
    '%s is retried in every state',
    async (error) => {
      const seen = new Set<string>();
      const lived = await live(({ state }) => {
        if (seen.has(state)) return undefined;
        seen.add(state);
        return { error };
      });

      expect(lived.status).toBe('SUCCEEDED');
      expect(of(lived, 'Retire Worker')).toHaveLength(0);
    },
  );

  it('waits for what still evaporates, some nine minutes on average', async () => {
    const well = await live();
    const slow = await live(fails('Prove Evaporated', 'StillEvaporatingError', 40));
    const never = await live(fails('Prove Evaporated', 'StillEvaporatingError'));

    expect(slow.status).toBe('SUCCEEDED');
    expect((slow.seconds - well.seconds) / 60).toBeCloseTo(9.5, 0);
    expect(never).toMatchObject({ status: 'FAILED', error: 'StillEvaporatingError' });
  });

  it('calls Open Batch twelve times for the largest batch', async () => {
    const lived = await live(fails('Open Batch', 'StillOpeningError', 11));

    expect(lived.status).toBe('SUCCEEDED');
    expect(of(lived, 'Open Batch')).toHaveLength(12);
  });
});
