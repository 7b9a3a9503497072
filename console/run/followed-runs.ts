import { SharedPoll } from '../live/shared-poll.ts';
import type { ConsoleOptions } from '../console.ts';
import { FollowedRun, type RunView } from './followed-run.ts';

/** A run, and the one poll of it. */
export interface Followed {
  readonly run: FollowedRun;
  readonly poll: SharedPoll<RunView>;
}

/** Runs that are kept with the history that was read: those looked at last. */
const mostKept = 16;

/** The runs that somebody looks at, or did lately: each is read once for all who do. */
export class FollowedRuns {
  readonly #options: Pick<ConsoleOptions, 'sources' | 'pace' | 'sleep'>;
  readonly #runs = new Map<string, Followed>();

  constructor(options: Pick<ConsoleOptions, 'sources' | 'pace' | 'sleep'>) {
    this.#options = options;
  }

  of(executionArn: string): Followed {
    const { sources, pace, sleep } = this.#options;
    const known = this.#runs.get(executionArn);
    const run = known?.run ?? new FollowedRun(sources.deployment, executionArn);
    const followed = known ?? { run, poll: new SharedPoll(run, pace, sleep) };
    this.#runs.delete(executionArn);
    this.#runs.set(executionArn, followed);
    this.#forget();
    return followed;
  }

  #forget(): void {
    for (const [arn, { poll }] of this.#runs) {
      if (this.#runs.size <= mostKept) return;
      if (poll.viewers === 0) this.#runs.delete(arn);
    }
  }
}
