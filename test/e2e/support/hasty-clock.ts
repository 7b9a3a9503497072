import { type Clock, systemClock } from '../../../local/clock.ts';

/**
 * The machine's time, which a test can make jump ahead: timers that fall due on the way fire at once.
 *
 * For waits that nothing happens in, such as the one for a heartbeat that never comes. Processes of
 * workers and functions do not see the jump.
 */
export class HastyClock implements Clock {
  #aheadMs = 0;
  #jump = new AbortController();

  now(): Date {
    return new Date(systemClock.now().getTime() + this.#aheadMs);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const dueMs = this.now().getTime() + ms;
    for (;;) {
      const leftMs = dueMs - this.now().getTime();
      const jump = this.#jump.signal;
      try {
        await systemClock.sleep(leftMs, signal ? AbortSignal.any([signal, jump]) : jump);
        return;
      } catch (error) {
        if (!jump.aborted || signal?.aborted) throw error;
      }
    }
  }

  /** Lets `seconds` pass at once. */
  jump(seconds: number): void {
    this.#aheadMs += seconds * 1000;
    const jump = this.#jump;
    this.#jump = new AbortController();
    jump.abort();
  }
}
