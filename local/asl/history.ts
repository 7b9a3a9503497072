import type { Clock } from '../clock.ts';
import { ExecutionFatalError } from './failure.ts';

/** The details of an event: JSON texts, names, numbers, as `GetExecutionHistory` returns them. */
export type EventDetails = Readonly<Record<string, unknown>>;

/** One event of an execution, in the shape in which `GetExecutionHistory` returns it. */
export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: Date;
  readonly type: string;
  readonly [details: `${string}EventDetails`]: EventDetails | undefined;
}

/** What a history works with. */
export interface HistoryOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** The events of an earlier life, which are held against what happens now and not told again. */
  readonly past?: readonly HistoryEvent[];
  readonly onEvent: (event: HistoryEvent) => void;
  readonly onMismatch: (problem: string) => void;
}

/** A standard execution's history ends here: event 25,000 is the failure itself. */
const MAX_EVENTS = 25_000;

/**
 * The events of one execution, in order.
 *
 * @see chain.ts for what decides an event's `previousEventId`.
 */
export class History {
  readonly events: HistoryEvent[] = [];
  readonly #options: HistoryOptions;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** Whether there is room for a redrive, which needs two events. */
  get isRedrivable(): boolean {
    return this.events.length < MAX_EVENTS - 1;
  }

  /** What the past holds and this history does not yet, if anything. */
  missing(): string | undefined {
    const expected = this.#options.past?.[this.events.length];
    return expected && `the journaled event ${expected.id} did not happen again`;
  }

  /**
   * Appends an event.
   *
   * @throws ExecutionFatalError when only the last of the 25,000 places is left.
   */
  append(type: string, previousEventId: number, details?: EventDetails): HistoryEvent {
    if (this.events.length >= MAX_EVENTS - 1) {
      throw new ExecutionFatalError(
        `The execution reached the maximum number of history events (${MAX_EVENTS}).`,
      );
    }
    return this.#push(type, previousEventId, details);
  }

  /** Appends the event that ends the execution; it may take the last place. */
  end(type: string, previousEventId: number, details: EventDetails): void {
    this.#push(type, previousEventId, details);
  }

  #push(type: string, previousEventId: number, details?: EventDetails): HistoryEvent {
    const event: HistoryEvent = {
      id: this.events.length + 1,
      previousEventId,
      timestamp: this.#options.clock.now(),
      type,
      ...(details && { [detailsKey(type)]: details }),
    };
    this.events.push(event);
    this.#tell(event);
    return event;
  }

  #tell(event: HistoryEvent): void {
    const { past, onEvent, onMismatch } = this.#options;
    const before = past?.[event.id - 1];
    if (before === undefined) onEvent(event);
    else if (JSON.stringify(before) !== JSON.stringify(event))
      onMismatch(`event ${event.id} is not the journaled ${before.type}`);
  }
}

/** Entering and leaving share their details across state types; every other event has its own. */
function detailsKey(type: string): `${string}EventDetails` {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}
