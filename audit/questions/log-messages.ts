import {
  type CloudWatchLogsClient,
  paginateDescribeLogGroups,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { logGroupPrefixes } from '../../workflow/model/names.ts';

/** From when until when logs are read; both in them. */
export interface LogWindow {
  readonly from: Date;
  /** Absent: to the last one. */
  readonly to?: Date | undefined;
}

/**
 * Reads all that the study's functions and state machines logged in a time: lines of other batches
 * of that time among them.
 *
 * Workers and the poller log to no group: what SSM and the machines keep of them is in no log.
 */
export async function* logMessages(
  client: CloudWatchLogsClient,
  study: string,
  { from, to }: LogWindow,
): AsyncGenerator {
  const time = { startTime: from.getTime(), endTime: to?.getTime() };
  for (const logGroupNamePrefix of logGroupPrefixes(study)) {
    for await (const { logGroups = [] } of paginateDescribeLogGroups(
      { client },
      { logGroupNamePrefix },
    )) {
      for (const { logGroupName } of logGroups) {
        for await (const { events = [] } of paginateFilterLogEvents(
          { client },
          { logGroupName, ...time },
        )) {
          for (const { message = '' } of events) yield message;
        }
      }
    }
  }
}
