import { VirtualClock } from '../../../local/clock.ts';
import { parseDefinition } from '../../../local/asl/definition.ts';
import { startExecution, type Execution } from '../../../local/asl/execution.ts';
import type { HistoryEvent } from '../../../local/asl/history.ts';
import type { Json } from '../../../local/asl/json.ts';
import type { TaskCall } from '../../../local/asl/runtime.ts';
import { TaskTokens } from '../../../local/asl/task-tokens.ts';

export const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';
export const START = new Date('2026-03-01T08:00:00.000Z');

/** A machine of these states, from the first one on. */
export function machine(
  states: Record<string, unknown>,
  extra: Record<string, unknown> = {},
): unknown {
  return { QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0], States: states, ...extra };
}

/** Starts an execution on a clock that the test moves, with services that the test plays itself. */
export function start(
  definition: unknown,
  options: {
    input?: Json;
    run?: (call: TaskCall) => Promise<Json>;
    random?: () => number;
    onEvent?: (event: HistoryEvent) => void;
  } = {},
): { execution: Execution; clock: VirtualClock; tokens: TaskTokens } {
  const clock = new VirtualClock(START);
  const tokens = new TaskTokens();
  const execution = startExecution({
    definition: parseDefinition(definition),
    input: JSON.stringify(options.input ?? {}),
    executionArn: 'arn:aws:states:us-east-1:111111111111:execution:batch:run-1',
    name: 'run-1',
    stateMachineArn: 'arn:aws:states:us-east-1:111111111111:stateMachine:batch',
    stateMachineName: 'batch',
    roleArn: 'arn:aws:iam::111111111111:role/batch',
    tasks: { run: options.run ?? (({ parameters }) => Promise.resolve(parameters)) },
    tokens,
    clock,
    random: options.random ?? (() => 0.5),
    onEvent: options.onEvent,
  });
  return { execution, clock, tokens };
}

/** One line per event: `id<previousEventId type name-or-index`. */
export function lines(events: readonly HistoryEvent[]): string[] {
  return events.map((event) => {
    const { name, index } = detailsOf(event);
    const suffix = [name, index]
      .filter((part) => part !== undefined)
      .map(String)
      .join(' ');
    return `${event.id}<${event.previousEventId} ${event.type}${suffix && ` ${suffix}`}`;
  });
}

export function typesOf(events: readonly HistoryEvent[]): string[] {
  return events.map(({ type }) => type);
}

/** The details of an event, whatever they are called. */
export function detailsOf(event: HistoryEvent | undefined): Record<string, unknown> {
  const details = Object.entries(event ?? {}).find(([key]) => key.endsWith('EventDetails'));
  return (details?.[1] as Record<string, unknown> | undefined) ?? {};
}
