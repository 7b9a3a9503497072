import { setMaxListeners } from 'node:events';
import process from 'node:process';
import { exitCodes, UserError } from './exit-codes.ts';

/** Milliseconds in which a second signal is the first one again: a terminal and a launcher both send it. */
const sameSignalMs = 300;

/**
 * Makes a signal that aborts at the first Ctrl-C or SIGTERM, so that a command stops in good order;
 * the second ends the process at once.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  // Each object on its way listens, and Node would warn of the eleventh.
  setMaxListeners(0, controller.signal);
  let interruptedAt = 0;
  const interrupt = (): void => {
    if (!controller.signal.aborted) {
      interruptedAt = performance.now();
      controller.abort(new UserError('interrupted', 'interrupted'));
    } else if (performance.now() - interruptedAt > sameSignalMs) {
      process.exit(exitCodes.interrupted);
    }
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return controller.signal;
}
