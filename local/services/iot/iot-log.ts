import { randomUUID } from 'node:crypto';
import type { Surroundings } from '../../api.ts';
import type { LogSink } from '../lambda/log-sink.ts';

/** What went wrong, in ids and names: never a payload. */
export interface IotFailure {
  /** In the words of AWS's log. */
  readonly eventType: 'Connect' | 'Publish-In' | 'Subscribe' | 'Publish-Out' | 'RuleExecution';
  readonly reason: string;
  readonly clientId?: string;
  /** Id of the certificate. */
  readonly principalId?: string;
  readonly topicName?: string;
  readonly ruleName?: string;
}

/** Writes a failure down and answers its trace id. */
export type LogFailure = (failure: IotFailure) => string;

/** AWS IoT's own log. */
export interface IotLog {
  readonly failure: LogFailure;
  /** Writes nothing from now on: connections that end with the cloud are no failures. */
  close(): void;
}

/**
 * Makes what writes AWS IoT's own log, in the log group and the form that AWS's has: failures only, as
 * with AWS's log level `ERROR`.
 *
 * @see AWS IoT Core Developer Guide, "CloudWatch Logs AWS IoT log entries"
 */
export function createIotLog(
  { accountId, clock }: Pick<Surroundings, 'accountId' | 'clock'>,
  logs: LogSink,
): IotLog {
  let isClosed = false;
  const write: LogFailure = (failure) => {
    const now = clock.now();
    const traceId = randomUUID();
    if (isClosed) return traceId;
    const entry = {
      timestamp: now.toISOString().replace('T', ' ').replace('Z', ''),
      logLevel: 'ERROR',
      traceId,
      accountId,
      status: 'Failure',
      ...failure,
    };
    logs.append('AWSIotLogsV2', 'embedded', JSON.stringify(entry), now);
    return traceId;
  };
  return {
    failure: write,
    close: () => {
      isClosed = true;
    },
  };
}
