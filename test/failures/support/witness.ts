import type { Call, CallRecord } from '../../../local/api.ts';

/** A call that remembers whether it changes anything. */
export class Witness implements Call {
  /** Name of the operation, if it changes anything. */
  change: string | undefined;
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  get requestId(): string {
    return this.#call.requestId;
  }

  get caller(): Call['caller'] {
    return this.#call.caller;
  }

  get time(): Date {
    return this.#call.time;
  }

  authorize(...args: Parameters<Call['authorize']>): void {
    this.#call.authorize(...args);
  }

  authorizeVia(...args: Parameters<Call['authorizeVia']>): void {
    this.#call.authorizeVia(...args);
  }

  needsNoPermission(): void {
    this.#call.needsNoPermission();
  }

  record(details: CallRecord): void {
    if (!details.readOnly) this.change = details.eventName;
    this.#call.record(details);
  }
}
