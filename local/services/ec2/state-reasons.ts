import type { StateReason } from './instance.ts';

/** Why instances end or stop, in EC2's words. */
export const stateReasons = {
  shutDown: {
    code: 'Client.InstanceInitiatedShutdown',
    message: 'Client.InstanceInitiatedShutdown: Instance initiated shutdown',
  },
  lost: { code: 'Server.InternalError', message: 'Server.InternalError: the machine was lost' },
  stopped: { code: 'Server.ScheduledStop', message: 'Server.ScheduledStop: the cloud stops' },
  asked: {
    code: 'Client.UserInitiatedShutdown',
    message: 'Client.UserInitiatedShutdown: User initiated shutdown',
  },
} satisfies Record<string, StateReason>;
