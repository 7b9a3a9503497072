import type { WorkerCommand } from '../workflow/model/worker-command.ts';

/** What one command works with. */
export interface CommandRun<Name extends WorkerCommand['command']> {
  readonly command: Extract<WorkerCommand, { command: Name }>;
  /** The command's own directory on the scratch volume. */
  readonly scratch: string;
  /** Aborted when the work is to stop at once. */
  readonly signal: AbortSignal;
}
