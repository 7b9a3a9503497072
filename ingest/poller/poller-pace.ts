import { heartbeatSeconds } from '../../workflow/model/worker-command.ts';
import { visibilitySeconds } from '../model/queued-message.ts';
import { mostCommittedMessages } from './commit-record.ts';
import type { PollerPace } from './poller-deps.ts';

/** The pace of the poller on E. */
export const pollerPace: PollerPace = {
  heartbeatMilliseconds: heartbeatSeconds * 1000,
  leaseSeconds: 90,
  renewMilliseconds: 20_000,
  invisibleMilliseconds: visibilitySeconds * 1000,
  chunk: {
    messages: mostCommittedMessages,
    bytes: 4 * 1024 * 1024,
    milliseconds: 5_000,
    // Long enough for SQS to ask all of its servers; each poll ends with one of these in vain.
    waitSeconds: 2,
  },
};
