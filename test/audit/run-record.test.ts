import { describe, expect, it } from 'vitest';
import { answers } from '../../audit/answers.ts';
import { errorCode } from '../../audit/error-code.ts';
import { RunRecord } from '../../audit/run-record.ts';
import { Ended } from '../../tasks/evaporation/evaporate.ts';
import { DeliverKeyOutput } from '../../tasks/deliver-key/deliver-key.ts';
import { LaunchWorkerOutput } from '../../tasks/launch-worker/launch-worker.ts';
import { EvaporationProof } from '../../tasks/prove-evaporated/prove-evaporated.ts';
import { RetireWorkerOutput } from '../../tasks/retire-worker/retire-worker.ts';
import { type RecordedEvent, readScene, sceneNames } from './scenes/read-scene.ts';

const scenes = new Map(
  await Promise.all(sceneNames.map(async (name) => [name, await readScene(name)] as const)),
);
const record = (name: (typeof sceneNames)[number]): RunRecord => scenes.get(name)!.record;
const countOf = (events: readonly RecordedEvent[], pattern: RegExp): number =>
  events.filter(({ type }) => pattern.test(type)).length;

describe.each(sceneNames)('the record of the run "%s"', (name) => {
  const { events, record: own } = scenes.get(name)!;

  it('has a stay for each state that the history enters, and a try for each that it schedules', () => {
    expect(own.states.map(({ state }) => state)).toEqual(
      events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []),
    );
    expect(own.states.flatMap(({ tries }) => tries)).toHaveLength(
      countOf(events, /^TaskScheduled$/),
    );
  });

  it('counts the errors of the history', () => {
    const failed = own.states
      .flatMap(({ tries }) => tries)
      .filter(({ outcome }) => outcome === 'failed');

    expect(failed).toHaveLength(countOf(events, /^Task(?:Failed|TimedOut)$/));
  });

  it('has a lane for each iteration, whose steps are its tasks', () => {
    const steps = own.workers.flatMap(({ attempts }) => attempts.flatMap((each) => each.steps));
    const inside = own.states.filter(({ worker, type }) => worker !== undefined && type === 'Task');

    expect(own.workers).toHaveLength(countOf(events, /^MapIterationStarted$/));
    expect(steps.map(({ visit }) => visit).toSorted((a, b) => a - b)).toEqual(
      inside.map(({ id }) => id),
    );
  });

  it('shares a step’s time out between wait and work', () => {
    for (const { steps } of own.workers.flatMap(({ attempts }) => attempts)) {
      for (const { started, ended = started, waitMs, workMs } of steps) {
        expect(waitMs + workMs).toBe(Date.parse(ended) - Date.parse(started));
      }
    }
  });

  it('has no field that its schema does not name', () => {
    expect(RunRecord.parse(JSON.parse(JSON.stringify(own)))).toEqual(
      JSON.parse(JSON.stringify(own)),
    );
    expect(RunRecord.safeParse({ ...own, cause: 'anything' }).success).toBe(false);
  });
});

it('tells of a success who started it, what existed, and that all of it was ended', () => {
  const { execution, runs, access, proofs, mails, objects, batch } = record('success');

  expect(execution).toMatchObject({ status: 'SUCCEEDED', redrives: 0 });
  expect(runs[0]?.startedBy?.by).toEqual({
    kind: 'person',
    name: 'czarhipaa-operator',
    session: 'operator',
  });
  expect(access?.existed.map(({ kind }) => kind)).toEqual(['instance', 'instance', 'queue']);
  expect(
    access?.existed.every(({ made, ended }) => made !== undefined && ended !== undefined),
  ).toBe(true);
  expect(proofs).toMatchObject([{ instances: 0, volumes: 0, grants: 0, queues: 0 }]);
  expect(mails.map(({ kind }) => kind)).toEqual(['working', 'done', 'evaporated']);
  expect(objects.map(({ state }) => state)).toEqual(Array(5).fill('DONE'));
  expect(objects.every(({ claimedBy }) => claimedBy?.worker !== undefined)).toBe(true);
  expect(batch).toMatchObject({ state: 'SUCCEEDED', isOfThisExecution: true, objects: 5, runs: 1 });
});

it('tells the key’s life: each grant, how often it was used, by whom alone, and when it ended', () => {
  const { grants = [], keyUses = [] } = record('success').access ?? {};
  const byWorkers = keyUses.filter(({ by }) => by.kind === 'worker');

  expect(grants).toHaveLength(2);
  for (const { grantee, used, ended } of grants) {
    const own = byWorkers.filter(({ by }) => by.session === grantee);
    expect(used).toBe(own.reduce((sum, { times }) => sum + times, 0));
    expect(ended?.by.kind).toBe('function');
  }
  expect(grants.reduce((sum, { used }) => sum + used, 0)).toBeGreaterThan(2);
  expect(keyUses.map(({ by }) => by.kind).filter((kind) => kind !== 'worker')).toEqual(['person']);
});

it('has no batch, object or worker for a request that was refused', () => {
  const { execution, batch, objects, workers, request, states } = record('refused');

  expect(execution).toMatchObject({ status: 'FAILED', error: 'RequestRefusedError' });
  expect([batch, objects, workers, request.plan]).toEqual([undefined, [], [], undefined]);
  expect(states.map(({ outcome }) => outcome)).toEqual(['caught', 'failed']);
});

it('tells retries, the lost worker and its replacement, and the error that was caught', () => {
  const { states, workers, objects, mails, ended } = record('failed');
  const open = states.find(({ state }) => state === 'Open Batch');
  const replaced = workers[1]!;

  expect(open).toMatchObject({ outcome: 'succeeded', retries: 2 });
  expect(states.find(({ state }) => state === 'Consolidate')).toMatchObject({
    outcome: 'caught',
    error: 'ObjectsFailedError',
    retries: 0,
  });
  expect(replaced.outcome).toBe('succeeded');
  expect(replaced.attempts).toMatchObject([
    { attempt: 1, outcome: 'caught', error: 'WorkerLostError' },
    { attempt: 2, outcome: 'succeeded' },
  ]);
  expect(new Set(replaced.attempts.map(({ instanceId }) => instanceId)).size).toBe(2);
  expect(objects.filter(({ state }) => state === 'FAILED')).toMatchObject([
    { reason: 'PIPELINE_REJECTED', pipelineReason: 'BAD_ROW' },
  ]);
  expect(mails.map(({ kind }) => kind)).toEqual(['working', 'failed']);
  expect(ended.map(({ state }) => state)).toEqual(['Retire Worker', 'Terminate After Failure']);
});

it('tells who stopped an execution, and what the sweeper ended of it', () => {
  const { execution, runs, workers, access, proofs } = record('aborted');

  expect(execution).toMatchObject({ status: 'ABORTED', error: 'OtherError' });
  expect(runs[0]?.stoppedBy?.by.name).toBe('czarhipaa-operator');
  expect(workers.map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted']);
  expect(proofs).toEqual([]);
  expect(access?.existed.map(({ ended }) => ended?.by.name.includes('EventsSweep'))).toEqual([
    true,
    true,
    true,
  ]);
});

it('keeps the runs of a redriven execution apart', () => {
  const { execution, runs, states, workers, mails, access } = record('redriven');

  expect(execution).toMatchObject({ status: 'SUCCEEDED', redrives: 1 });
  expect(runs).toMatchObject([
    { redrive: 0, status: 'FAILED', error: 'PipelineFailedError' },
    { redrive: 1, status: 'SUCCEEDED' },
  ]);
  expect(runs.every(({ startedBy }) => startedBy?.by.kind === 'person')).toBe(true);
  expect(workers.map(({ redrive }) => redrive)).toEqual([0, 0, 1, 1]);
  expect(mails.map(({ kind, redrive }) => `${kind} ${redrive}`)).toEqual([
    'working 0',
    'failed 0',
    'working 1',
    'done 1',
    'evaporated 1',
  ]);
  expect(access?.grants).toHaveLength(4);
  // The redrive goes on in the state that had failed, and that is no retry.
  expect(states.find(({ state }) => state === 'Fail Batch')).toMatchObject({
    outcome: 'succeeded',
    retries: 0,
    tries: [
      { redrive: 0, outcome: 'failed' },
      { redrive: 1, outcome: 'succeeded' },
    ],
  });
});

it('tells each of forty workers, with its machines', () => {
  const { workers, access } = record('forty');
  const machines = workers.flatMap(({ attempts }) => attempts);

  expect(workers.map(({ workerIndex }) => workerIndex)).toEqual(
    Array.from({ length: 40 }, (_, index) => index),
  );
  expect(machines).toHaveLength(45);
  expect(workers.filter(({ outcome }) => outcome === 'gave up')).toMatchObject([
    { workerIndex: 22, attempts: [{ attempt: 1 }, { attempt: 2 }, { attempt: 3 }] },
  ]);
  expect(access?.existed.filter(({ kind }) => kind === 'instance')).toHaveLength(45);
});

it('copies no token, cause or canary', () => {
  for (const { record: own } of scenes.values()) {
    expect(JSON.stringify(own)).not.toMatch(/token|cause|Zebedee|Quagmire/i);
  }
});

it('reads answers that the tasks give', () => {
  const keys = (schema: { shape: object }) => Object.keys(schema.shape).toSorted();

  expect(keys(answers.proof)).toEqual(keys(EvaporationProof));
  expect(keys(answers.ended)).toEqual(keys(Ended));
  expect(keys(answers.ended)).toEqual(expect.arrayContaining(keys(RetireWorkerOutput)));
  expect(keys(DeliverKeyOutput)).toEqual(expect.arrayContaining(keys(answers.granted)));
  expect(keys(LaunchWorkerOutput)).toEqual(keys(answers.launched));
});

it.each([
  ['WorkerLostError', 'WorkerLostError'],
  ['States.Timeout', 'States.Timeout'],
  ['JaneDoe', 'OtherError'],
  ['States.jane', 'OtherError'],
  ['', undefined],
])('reads the error "%s" as %s', (typed, told) => {
  expect(errorCode(typed)).toBe(told);
});
