import { GetExecutionHistoryCommand, type HistoryEvent, type SFNClient } from '@aws-sdk/client-sfn';

/** Most events that Step Functions answers at once. */
const firstPage = 1000;
/** In a second, little happens. */
const laterPage = 100;

/**
 * Reads the events of an execution that came after `lastId`, oldest first.
 *
 * Reads from the newest back, so that following a long execution costs what is new and not what
 * has been.
 */
export async function readNewEvents(
  sfn: SFNClient,
  executionArn: string,
  lastId: number,
  signal?: AbortSignal,
): Promise<HistoryEvent[]> {
  const found: HistoryEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await sfn.send(
      new GetExecutionHistoryCommand({
        executionArn,
        reverseOrder: true,
        includeExecutionData: true,
        maxResults: lastId === 0 ? firstPage : laterPage,
        nextToken,
      }),
      { abortSignal: signal },
    );
    for (const event of page.events ?? []) {
      if ((event.id ?? 0) <= lastId) return found.reverse();
      found.push(event);
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found.reverse();
}
