import type { HistoryEvent } from '@aws-sdk/client-sfn';

/** Writes a history by hand: ids count up, times pass by a second. */
export class HandMadeHistory {
  readonly events: HistoryEvent[] = [];

  /** Adds an event after another one and answers its id. */
  add(type: string, after: number, details: Partial<HistoryEvent> = {}): number {
    const id = this.events.length + 1;
    const timestamp = new Date(Date.UTC(2026, 0, 2, 3, 4, id));
    this.events.push({
      id,
      previousEventId: after,
      type: type as HistoryEvent['type'],
      timestamp,
      ...details,
    });
    return id;
  }

  enter(type: string, name: string, after: number): number {
    return this.add(`${type}StateEntered`, after, { stateEnteredEventDetails: { name } });
  }

  iterate(index: number, after: number): number {
    return this.add('MapIterationStarted', after, {
      mapIterationStartedEventDetails: { name: 'Workers', index },
    });
  }

  fail(error: string, after: number): number {
    return this.add('TaskFailed', after, {
      taskFailedEventDetails: { resourceType: 'lambda', resource: 'invoke', error, cause: 'John' },
    });
  }
}

/**
 * Two workers whose events are mixed, as they are in AWS: the first is tried twice by Step
 * Functions and fails, the second runs through; then the path goes on from the last iteration.
 */
export function twoWorkers(): HistoryEvent[] {
  const history = new HandMadeHistory();
  history.add('ExecutionStarted', 0);
  const open = history.enter('Task', 'Open Batch', 0);
  const workers = history.enter('Map', 'Workers', open);
  const map = history.add('MapStateStarted', workers);
  const [one, two] = [history.iterate(0, map), history.iterate(1, map)];
  const launchOne = history.enter('Task', 'Launch Worker', one);
  const launchTwo = history.enter('Task', 'Launch Worker', two);
  const firstTry = history.add('TaskScheduled', launchOne);
  const secondOfTwo = history.add('TaskScheduled', launchTwo);
  const failed = history.fail('AwsUnavailableError', firstTry);
  const secondTry = history.add('TaskScheduled', failed);
  const processTwo = history.enter('Task', 'Process', secondOfTwo);
  const failedAgain = history.fail('QuotaExceededError', secondTry);
  const retire = history.enter('Task', 'Retire Worker', failedAgain);
  const lost = history.add('TaskTimedOut', processTwo, {
    taskTimedOutEventDetails: {
      resourceType: 'lambda',
      resource: 'invoke.waitForTaskToken',
      error: 'States.HeartbeatTimeout',
    },
  });
  history.add('MapIterationSucceeded', retire);
  const lastIteration = history.add('MapIterationSucceeded', lost);
  history.add('MapStateSucceeded', lastIteration);
  const exited = history.add('MapStateExited', lastIteration);
  const consolidate = history.enter('Task', 'Consolidate', exited);
  const scheduled = history.add('TaskScheduled', consolidate);
  const broken = history.fail('WorkerLostError', scheduled);
  history.add('EvaluationFailed', broken, {
    evaluationFailedEventDetails: { error: 'States.QueryEvaluationError', state: 'Notify Failed' },
  });
  history.add('ExecutionFailed', broken, {
    executionFailedEventDetails: { error: 'WorkerLostError', cause: 'no worker is left' },
  });
  return history.events;
}

/** An event as Step Functions answers it: with a time in seconds. */
export function asAnswer(event: HistoryEvent): Record<string, unknown> {
  return { ...event, timestamp: (event.timestamp?.getTime() ?? 0) / 1000 };
}
