import { VirtualClock } from '../../../local/clock.ts';
import { parseDefinition } from '../../../local/asl/definition.ts';
import type { Outcome } from '../../../local/asl/drive.ts';
import { startExecution, type Execution, type Past } from '../../../local/asl/execution.ts';
import type { HistoryEvent } from '../../../local/asl/history.ts';
import type { Input } from '../../../local/asl/input.ts';
import type { Json } from '../../../local/asl/json.ts';
import type { TaskCall } from '../../../local/asl/runtime.ts';
import { TaskTokens } from '../../../local/asl/task-tokens.ts';
import { START } from './harness.ts';

/** One thing that a journal would hold. */
export type Entry = { readonly input: Input } | { readonly event: HistoryEvent };

export interface Life {
  readonly outcome: Outcome;
  readonly entries: readonly Entry[];
  readonly history: readonly HistoryEvent[];
  /** Names of states whose request was made, in order. */
  readonly requests: readonly string[];
}

/** The services around an execution. They outlive a crash of it, as they do in the cloud. */
export interface World {
  readonly clock: VirtualClock;
  readonly tokens: TaskTokens;
  /** Milliseconds until this much time has passed since the start; nothing when it has. */
  readonly until: (seconds: number) => Promise<void>;
}

/** What a journal's entries say of the past. */
export function pastOf(entries: readonly Entry[]): Past {
  const text = JSON.stringify(entries);
  const read = JSON.parse(text) as Entry[];
  return {
    inputs: read.flatMap((entry) => ('input' in entry ? [entry.input] : [])),
    events: read.flatMap((entry) =>
      'event' in entry ? [{ ...entry.event, timestamp: new Date(entry.event.timestamp) }] : [],
    ),
  };
}

/**
 * Lets an execution crash each time its journal reaches one of these lengths, and go on from the journal.
 *
 * Once nothing happens any more it is redriven 50 minutes later, as often as asked. A crash comes right after an entry was written: whatever was to follow it is lost.
 */
export async function live(
  definition: unknown,
  makeRun: (world: World) => (call: TaskCall) => Promise<Json>,
  crashes: readonly number[] = [],
  spoil: (entries: readonly Entry[]) => readonly Entry[] = (entries) => entries,
  redrives = 0,
): Promise<Life> {
  const clock = new VirtualClock(START);
  const tokens = new TaskTokens();
  const run = makeRun({
    clock,
    tokens,
    until: (seconds) => clock.sleep(START.getTime() + seconds * 1000 - clock.now().getTime()),
  });
  const requests: string[] = [];
  const entries: Entry[] = [];
  const left = [...crashes];
  const parsed = parseDefinition(definition);

  const begin = (past?: Past): Execution => {
    const write = (entry: Entry): void => {
      entries.push(entry);
      if (entries.length !== left[0]) return;
      left.shift();
      // The first event is written before there is anything that could be dropped.
      if (entries.length === 1) queueMicrotask(crash);
      else crash();
    };
    const crash = (): void => {
      execution.drop();
      current = begin(pastOf(spoil(entries)));
      // As often as the same length is named again, the new life ends before it begins.
      while (left[0] === entries.length) {
        left.shift();
        current.drop();
        current = begin(pastOf(spoil(entries)));
      }
    };
    const execution = startExecution({
      definition: parsed,
      input: '{"batchId":"b-1"}',
      executionArn: 'arn:aws:states:us-east-1:111111111111:execution:batch:run-1',
      name: 'run-1',
      stateMachineArn: 'arn:aws:states:us-east-1:111111111111:stateMachine:batch',
      stateMachineName: 'batch',
      roleArn: 'arn:aws:iam::111111111111:role/batch',
      startTime: START,
      seed: 'a seed',
      tasks: {
        run: (call) => {
          requests.push(call.stateName);
          return run(call);
        },
      },
      tokens,
      clock,
      past,
      onInput: (input) => write({ input }),
      onEvent: (event) => write({ event }),
    });
    return execution;
  };

  let current = begin();
  await clock.runUntilIdle();
  for (let i = 0; i < redrives; i++) {
    await clock.advance(3_000_000);
    current.redrive();
    await clock.runUntilIdle();
  }
  await current.live;
  current.abort('Test.NothingLeftToHappen');
  return { outcome: await current.done, entries, history: current.history, requests };
}
