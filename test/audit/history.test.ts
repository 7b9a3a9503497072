import { expect, it } from 'vitest';
import { foldHistory } from '../../audit/history/fold-history.ts';
import { readEvent } from '../../audit/history/history-event.ts';
import { type RecordedEvent, readScene } from './scenes/read-scene.ts';

const { events } = await readScene('failed');
const fold = (changed: readonly unknown[]) => foldHistory(changed.map(readEvent));

/** The history with one event changed. */
const withEvent = (type: string, change: (event: RecordedEvent) => object): object[] => {
  const index = events.findIndex((event) => event.type === type);
  return events.map((event, at) => (at === index ? change(event) : event));
};

it('refuses an event of a type that no batch has, by its name', () => {
  const changed = withEvent('TaskScheduled', (event) => ({ ...event, type: 'MapRunStarted' }));

  expect(() => fold(changed)).toThrow(
    'event 3 of the history has a type that no batch has: MapRunStarted',
  );
});

it('repeats nothing of what stands in place of a type', () => {
  const changed = withEvent('TaskScheduled', (event) => ({
    ...event,
    type: 'Jane Doe, 1938-01-31',
  }));

  expect(() => fold(changed)).toThrow('has a type that no batch has: without a name');
});

it('refuses a history in which an event is missing, repeated, or moved', () => {
  const swapped = [...events.slice(0, 9), events[10]!, events[9]!, ...events.slice(11)];

  expect(() => fold(events.toSpliced(9, 1))).toThrow(
    'event 11 of the history (TaskScheduled) stands where event 10 belongs',
  );
  expect(() => fold(events.toSpliced(9, 0, events[8]!))).toThrow('stands where event 10 belongs');
  expect(() => fold(swapped)).toThrow('stands where event 10 belongs');
});

it('refuses a history without its beginning, and one that goes on after its end', () => {
  const last = events.at(-1)!;
  const more = { ...events[1]!, id: last.id + 1, previousEventId: last.id };

  expect(() => fold(events.slice(1))).toThrow(
    'event 2 of the history (TaskStateEntered) stands where event 1 belongs',
  );
  expect(() => fold([...events, more])).toThrow('is out of place: the execution does not run');
});

it('refuses an answer to a task that was not scheduled', () => {
  const changed = withEvent('TaskStarted', (event) => ({ ...event, previousEventId: 2 })).filter(
    (_, index) => index !== 2,
  );
  const renumbered = changed.map((event, index) => ({ ...event, id: index + 1 }));

  expect(() => fold(renumbered)).toThrow(
    'event 3 of the history (TaskStarted) is out of place: no try of its state is under way',
  );
});

it('refuses a state that is entered from one that has not been left', () => {
  const next = events.find(({ type }, at) => type === 'TaskStateEntered' && at > 1)!;
  const changed = [...events.slice(0, 5), { ...next, id: 6, previousEventId: 5 }];

  expect(() => fold(changed)).toThrow(
    'event 6 of the history (TaskStateEntered) is out of place: the state before it has not been left',
  );
});

it('refuses a worker of a Map that was not started', () => {
  const index = events.findIndex(({ type }) => type === 'MapIterationStarted');
  const changed = events.map((event, at) =>
    at === index ? { ...event, previousEventId: 6 } : event,
  );

  expect(() => fold(changed)).toThrow('(MapIterationStarted) is out of place: no Map was started');
});

it('refuses an exit from a state that was not entered', () => {
  const changed = withEvent('TaskStateExited', (event) => ({
    ...event,
    stateExitedEventDetails: { name: 'Open Batch' },
  }));

  expect(() => fold(changed)).toThrow(
    'event 6 of the history (TaskStateExited) is out of place: another state was entered',
  );
});

it('replaces an error that a person typed', async () => {
  const { events: recorded } = await readScene('aborted');
  const end = {
    ...recorded.at(-1)!,
    executionAbortedEventDetails: { error: 'JaneDoe', cause: 'Jane' },
  };

  const folded = fold([...recorded.slice(0, -1), end]);

  expect(folded.stretches).toMatchObject([{ status: 'ABORTED', error: 'OtherError' }]);
  expect(JSON.stringify(folded)).not.toContain('Jane');
});

it('knows a failing expression by its state, though it points past the entry', () => {
  const failing = [
    ...events.slice(0, 2),
    {
      id: 3,
      previousEventId: 0,
      timestamp: events[2]!.timestamp,
      type: 'EvaluationFailed',
      evaluationFailedEventDetails: {
        error: 'States.QueryEvaluationError',
        state: 'Validate Request',
      },
    },
    { id: 4, previousEventId: 3, timestamp: events[2]!.timestamp, type: 'ExecutionFailed' },
  ];

  expect(fold(failing).visits).toMatchObject([
    { state: 'Validate Request', outcome: 'failed', error: 'States.QueryEvaluationError' },
  ]);
});

it('goes on, after a redrive, with the stays that the end before it had cut', async () => {
  const { events: recorded } = await readScene('aborted');
  const { id: last, timestamp } = recorded.at(-1)!;
  const cut = recorded.find(
    ({ stateEnteredEventDetails: entered }) => entered?.name === 'Process',
  )!;
  const base = { timestamp, previousEventId: last };
  const redriven = [
    {
      ...base,
      id: last + 1,
      type: 'ExecutionRedriven',
      executionRedrivenEventDetails: { redriveCount: 1 },
    },
    { ...base, id: last + 2, type: 'TaskScheduled', previousEventId: cut.id },
    { ...base, id: last + 3, type: 'TaskStarted', previousEventId: last + 2 },
    {
      ...base,
      id: last + 4,
      type: 'TaskFailed',
      previousEventId: last + 3,
      taskFailedEventDetails: { error: 'RunEndedError' },
    },
    {
      ...base,
      id: last + 5,
      type: 'TaskStateExited',
      previousEventId: last + 4,
      stateExitedEventDetails: { name: 'Process' },
    },
  ];

  const { visits, iterations, stretches } = fold([...recorded, ...redriven]);

  const process = visits.find(({ id }) => id === cut.id)!;
  expect(stretches.map(({ status }) => status)).toEqual(['ABORTED', 'RUNNING']);
  expect(process).toMatchObject({ outcome: 'caught', error: 'RunEndedError' });
  expect(process.tries).toMatchObject([
    { redrive: 0, outcome: 'aborted' },
    { redrive: 1, outcome: 'failed' },
  ]);
  expect(visits.find(({ type }) => type === 'Map')?.outcome).toBe('running');
  expect(iterations.map(({ outcome }) => outcome).toSorted()).toEqual(['aborted', 'running']);
});
