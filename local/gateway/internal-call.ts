import { randomUUID } from 'node:crypto';
import type { ApiError, Surroundings } from '../api.ts';
import type { Clock } from '../clock.ts';
import { decide } from '../policy/evaluate.ts';
import { accessDenied } from './access-denied.ts';
import type { AccessLog } from './access-log.ts';
import { cloudTrailRecord } from './cloudtrail-record.ts';
import { internalContext } from './condition-context.ts';

/** What CloudTrail writes for the address and agent of such a call. */
const inside = 'AWS Internal';

/**
 * Makes what holds calls inside the cloud (Step Functions invoking a function, EventBridge starting an execution)
 * against the policies and logs them, as the gateway does for those that come from outside.
 */
export function createInternalCalls({
  accountId,
  region,
  clock,
  accessLog,
}: {
  readonly accountId: string;
  readonly region: string;
  readonly clock: Clock;
  readonly accessLog: AccessLog;
}): Surroundings['callAs'] {
  return (caller, eventSource, details, access) => {
    const time = clock.now();
    const decision = decide(caller, {
      ...access,
      context: { ...internalContext(caller, { time, region }), ...access.context },
    });
    const denied: ApiError | undefined = decision.allowed
      ? undefined
      : accessDenied(eventSource.split('.')[0] ?? eventSource, 'rest-json', decision.because);
    accessLog.append(
      cloudTrailRecord(caller, {
        accountId,
        region,
        time,
        requestId: randomUUID(),
        eventSource,
        sourceIpAddress: inside,
        userAgent: inside,
        details,
        ...(denied && { error: { code: 'AccessDenied', message: denied.message } }),
      }),
    );
    if (denied !== undefined) throw denied;
  };
}
