import { describe, expect, it } from 'vitest';
import { Story } from '../../../client/watch/story.ts';
import { HandMadeHistory, twoWorkers } from './history.ts';

function told(events: HandMadeHistory['events']): string[] {
  const story = new Story();
  return events.map((event) => story.tell(event)?.sentence).filter((line) => line !== undefined);
}

describe('the story of an execution', () => {
  it('tells states, tries and errors, each of the worker whose it is', () => {
    expect(told(twoWorkers())).toEqual([
      'Open Batch',
      'Workers',
      'worker 1: Launch Worker',
      'worker 2: Launch Worker',
      'worker 1: Launch Worker failed: AwsUnavailableError',
      'worker 1: Launch Worker, try 2',
      'worker 2: Process',
      'worker 1: Launch Worker failed: QuotaExceededError',
      'worker 1: Retire Worker',
      'worker 2: Process failed: States.HeartbeatTimeout',
      'Consolidate',
      'Consolidate failed: WorkerLostError',
      'Notify Failed failed: States.QueryEvaluationError',
      'execution failed: WorkerLostError',
    ]);
  });

  it('has the same as fields, with workers counted from 0', () => {
    const story = new Story();
    const happenings = twoWorkers().map((event) => story.tell(event));

    expect(happenings.find((one) => one?.event === 'tried-again')).toMatchObject({
      state: 'Launch Worker',
      workerIndex: 0,
      at: new Date(Date.UTC(2026, 0, 2, 3, 4, 12)),
    });
    expect(happenings.at(-1)).toMatchObject({ event: 'ended', error: 'WorkerLostError' });
    expect(happenings.find((one) => one?.state === 'Consolidate')).not.toHaveProperty(
      'workerIndex',
    );
  });

  it('tells no cause: what stands in one is nobody knows whose', () => {
    expect(told(twoWorkers()).join()).not.toContain('John');
  });

  it.each([
    ['fails', 'MapStateFailed'],
    ['is aborted', 'MapStateAborted'],
  ])('leaves the workers behind where the Map %s', (_what, type) => {
    const history = new HandMadeHistory();
    const map = history.add('MapStateStarted', history.enter('Map', 'Workers', 0));
    const failed = history.fail(
      'WorkerLostError',
      history.enter('Task', 'Process', history.iterate(4, map)),
    );
    history.enter('Task', 'Terminate', history.add(type, failed));

    expect(told(history.events).slice(-2)).toEqual([
      'worker 5: Process failed: WorkerLostError',
      'Terminate',
    ]);
  });

  it('gives an iteration that follows another one in its place a worker of its own', () => {
    const history = new HandMadeHistory();
    const map = history.add('MapStateStarted', history.enter('Map', 'Workers', 0));
    const ended = history.add(
      'MapIterationSucceeded',
      history.enter('Task', 'Process', history.iterate(0, map)),
    );
    history.enter('Task', 'Process', history.iterate(1, ended));

    expect(told(history.events)).toEqual(['Workers', 'worker 1: Process', 'worker 2: Process']);
  });

  it.each([
    ['ExecutionSucceeded', 'execution succeeded'],
    ['ExecutionAborted', 'execution aborted'],
    ['ExecutionTimedOut', 'execution timed out'],
  ])('ends with %s', (type, sentence) => {
    const history = new HandMadeHistory();
    history.add('ExecutionStarted', 0);
    history.add(type, 1);

    expect(told(history.events)).toEqual([sentence]);
  });
});
