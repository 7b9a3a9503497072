import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Call, type Lived, runLifecycle } from './run-lifecycle.ts';
import { allStates, type Asl, readTemplate, type TemplateFunction } from './state-machine.ts';

let template: { asl: Asl; functions: TemplateFunction[] };

beforeAll(async () => {
  template = await readTemplate();
});

/**
 * Lives through the definition with a count of redrives that rises by one when this state has ended,
 * as if the execution had ended in the state behind it and been redriven there.
 */
function redrivenAfter(name: string, answer?: (call: Call) => Answer | undefined): Promise<Lived> {
  const count = '$states.context.Execution.RedriveCount';
  const asl = JSON.parse(
    JSON.stringify(template.asl).replaceAll(count, '($exists($counted) ? $counted : 0)'),
  ) as Asl;
  const [, state] = allStates(asl).find(([found]) => found === name)!;
  state.Assign = { ...state.Assign, counted: 1 };
  return runLifecycle({ ...template, asl }, answer);
}

const fails =
  (state: string, error: string) =>
  (call: Call): Answer | undefined =>
    call.state === state && call.payload.redrive === 0 ? { error } : undefined;
const states = ({ calls }: Lived) => calls.map(({ state }) => state);
const runsOf = ({ calls }: Lived, state: string) =>
  calls.filter((call) => call.state === state).map(({ payload }) => payload.redrive);

describe('an execution that failed', () => {
  it('ends red, with the batch’s error, when it is not redriven', async () => {
    const lived = await runLifecycle(template, fails('Consolidate', 'PipelineFailedError'));

    expect(lived).toMatchObject({
      status: 'FAILED',
      error: 'PipelineFailedError',
      cause: 'sentence of PipelineFailedError',
    });
    expect(states(lived).at(-1)).toBe('Fail Batch');
    expect(runsOf(lived, 'Open Batch')).toEqual([0]);
  });

  it('ends red with an error that every other task would retry, at once', async () => {
    const lived = await runLifecycle(template, fails('Open Batch', 'AwsUnavailableError'));

    expect(lived).toMatchObject({ status: 'FAILED', error: 'AwsUnavailableError' });
    expect(states(lived).filter((state) => state === 'Fail Batch')).toHaveLength(1);
  });

  it('ends red though its failing answers as if it had been redriven', async () => {
    const lived = await runLifecycle(template, (call) =>
      call.state === 'Fail Batch'
        ? { result: {} }
        : fails('Consolidate', 'PipelineFailedError')(call),
    );

    expect(lived).toMatchObject({
      status: 'FAILED',
      error: 'PipelineFailedError',
      cause: 'sentence of PipelineFailedError',
    });
  });

  it('opens its batch for another run when it is redriven, and ends with that one', async () => {
    const lived = await redrivenAfter(
      'Close Failed Batch',
      fails('Consolidate', 'PipelineFailedError'),
    );

    expect(lived.status).toBe('SUCCEEDED');
    expect(runsOf(lived, 'Open Batch')).toEqual([0, 1]);
    for (const state of ['Notify Working', 'Consolidate', 'Prove Evaporated', 'Close Batch']) {
      expect(runsOf(lived, state).at(-1)).toBe(1);
    }
    expect(runsOf(lived, 'Launch Worker')).toEqual([0, 0, 1, 1]);
    expect(runsOf(lived, 'Notify Failed')).toEqual([0]);
  });

  it('ends red again, with the error of its second run', async () => {
    const lived = await redrivenAfter('Close Failed Batch', ({ state, payload }) =>
      state === 'Consolidate'
        ? { error: payload.redrive === 0 ? 'PipelineFailedError' : 'ObjectsFailedError' }
        : undefined,
    );

    expect(lived).toMatchObject({ status: 'FAILED', error: 'ObjectsFailedError' });
    expect(runsOf(lived, 'Notify Failed')).toEqual([0, 1]);
    expect(runsOf(lived, 'Close Failed Batch')).toEqual([0, 1]);
  });

  it('ends red again where the redrive cannot open the batch: another execution has it', async () => {
    const lived = await redrivenAfter('Close Failed Batch', (call) =>
      call.state === 'Open Batch' && call.count === 1
        ? { error: 'BatchTakenError' }
        : fails('Consolidate', 'PipelineFailedError')(call),
    );

    expect(lived).toMatchObject({ status: 'FAILED', error: 'BatchTakenError' });
    expect(states(lived).at(-1)).toBe('Open Batch');
  });
});

describe('an execution that was stopped, and redriven in the state behind', () => {
  it.each(['Open Batch', 'Notify Working', 'Workers', 'Consolidate', 'Prove Evaporated'])(
    '%s ends the run that was stopped, and succeeds with another',
    async (state) => {
      const lived = await redrivenAfter(state);

      expect(lived.status).toBe('SUCCEEDED');
      expect(runsOf(lived, 'Open Batch')).toEqual([0, 1]);
      expect(runsOf(lived, 'Terminate After Failure')).toEqual([0]);
      expect(runsOf(lived, 'Notify Failed')).toEqual([0]);
      expect(runsOf(lived, 'Close Failed Batch')).toEqual([0]);
      expect(runsOf(lived, 'Close Batch').at(-1)).toBe(1);
    },
  );

  it('launches nothing for the run that was stopped, and tries no second machine for it', async () => {
    const lived = await redrivenAfter('Notify Working');

    const refused = lived.calls.filter(({ payload }) => payload.redriven === true);
    expect(refused.map(({ state }) => state)).toEqual([
      'Launch Worker',
      'Launch Worker',
      'Fail Batch',
    ]);
  });

  it('sends none of the mails of success for it', async () => {
    const lived = await redrivenAfter('Consolidate');

    const mails = lived.calls
      .filter(({ payload }) => payload.kind !== undefined && payload.redriven !== true)
      .map(({ payload }) => [payload.kind, payload.redrive]);
    expect(mails).toEqual([
      ['working', 0],
      ['failed', 0],
      ['working', 1],
      ['done', 1],
      ['evaporated', 1],
    ]);
  });
});
