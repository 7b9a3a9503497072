import { GetExecutionHistoryCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { type HistoryEvent, readEvent } from './history-event.ts';

/** Reads an execution's whole history, oldest event first, page by page. */
export async function* readHistory(
  sfn: SFNClient,
  executionArn: string,
): AsyncGenerator<HistoryEvent> {
  let nextToken: string | undefined;
  do {
    const page = await sfn.send(
      new GetExecutionHistoryCommand({
        executionArn,
        includeExecutionData: true,
        // The most that Step Functions answers at once.
        maxResults: 1000,
        nextToken,
      }),
    );
    for (const event of page.events ?? []) yield readEvent(event);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}
