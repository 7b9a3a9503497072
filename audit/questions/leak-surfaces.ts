import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { GetObjectCommand, NoSuchKey, type S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import { queryItems, type LedgerTable } from '../../ledger/table.ts';
import { listingKey } from '../../workflow/model/keys.ts';
import type { BatchItem } from '../../workflow/model/ledger-items.ts';
import type { LoggedCall } from '../access/read-access-log.ts';
import { type LeakFinding, LeakSearch, type SearchedSurface } from './leak-search.ts';
import { logMessages, type LogWindow } from './log-messages.ts';

/** Where leaks are looked for, with the auditor's rights. */
export interface LeakSources {
  readonly study: string;
  readonly sfn: SFNClient;
  readonly s3: S3Client;
  readonly logs: CloudWatchLogsClient;
  readonly ledger: LedgerTable;
  readonly ancillaryBucket: string;
  /** Absent where the auditor gave none: the answer then says that it was not searched. */
  readonly accessLog?: AsyncIterable<LoggedCall>;
}

/** A batch, and the execution whose history is searched. */
export interface SearchedRun {
  readonly batch: BatchItem;
  readonly executionArn?: string | undefined;
}

/** What a search for leaks came to. */
export interface LeakAnswer {
  readonly found: readonly LeakFinding[];
  readonly searched: readonly SearchedSurface[];
  /** Surfaces that were not searched, and why. */
  readonly notSearched: readonly { readonly surface: string; readonly why: string }[];
}

const notSearched = {
  sent: {
    surface: 'mails and topic messages as they were sent',
    why: 'neither SES nor SNS keeps them; the ledger notes them',
  },
  accessLog: { surface: 'access log', why: 'none was given: --access-log' },
  history: { surface: 'history', why: 'no execution has opened the batch' },
  listing: { surface: 'listing', why: 'the batch has none' },
} as const;

/**
 * Searches every surface of a batch that is to be free of PHI and that the auditor can read: the
 * history of its execution with its input and error, its items in the ledger, its listing, the log
 * groups of the study from its first object to two hours after its end, and the access log. There,
 * the detectors leave out who called: the session's name is a member of staff's.
 *
 * @throws EvidenceError where a surface is there and empty.
 */
export async function findLeaks(
  sources: LeakSources,
  { batch, executionArn }: SearchedRun,
  canaries: readonly string[],
): Promise<LeakAnswer> {
  const { study, sfn, ledger, logs, accessLog } = sources;
  const { batchId } = batch;
  const search = new LeakSearch(canaries);
  const missing: (typeof notSearched)[keyof typeof notSearched][] = [];
  if (executionArn === undefined) missing.push(notSearched.history);
  else await search.surface('history', eventsOf(sfn, executionArn));
  await search.surface('ledger', queryItems(ledger, batchId));
  const listing = await openListing(sources, batchId);
  if (listing === undefined) missing.push(notSearched.listing);
  else await search.surface('listing', createInterface({ input: listing }));
  await search.surface('log groups', logMessages(logs, study, windowOf(batch)));
  if (accessLog === undefined) missing.push(notSearched.accessLog);
  else {
    await search.surface('access log', wholeOf(accessLog), { exceptDetectors: ['userIdentity'] });
  }
  return {
    found: search.findings,
    searched: search.searched,
    notSearched: [...missing, notSearched.sent],
  };
}

/** The hourly sweep may end what a batch left, and it may end one twice. */
const sweepsMs = 2 * 60 * 60 * 1000;

/** From a batch's first object to the last that is logged of it; without an end where it has none. */
function windowOf({ createdAt, closedAt }: BatchItem): LogWindow {
  const to = closedAt === undefined ? undefined : new Date(Date.parse(closedAt) + sweepsMs);
  return { from: new Date(createdAt), to };
}

/** The execution as it was started and as it ended, then every event, with all its data. */
async function* eventsOf(sfn: SFNClient, executionArn: string): AsyncGenerator {
  const { $metadata, ...execution } = await sfn.send(
    new DescribeExecutionCommand({ executionArn }),
  );
  yield execution;
  let nextToken: string | undefined;
  do {
    const page = await sfn.send(
      new GetExecutionHistoryCommand({
        executionArn,
        includeExecutionData: true,
        maxResults: 1000,
        nextToken,
      }),
    );
    yield* page.events ?? [];
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}

async function openListing(
  { s3, study, ancillaryBucket }: LeakSources,
  batchId: string,
): Promise<Readable | undefined> {
  try {
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: ancillaryBucket, Key: listingKey({ study, batchId }) }),
    );
    return Body instanceof Readable ? Body : undefined;
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

async function* wholeOf(log: AsyncIterable<LoggedCall>): AsyncGenerator {
  for await (const { whole } of log) yield whole;
}
