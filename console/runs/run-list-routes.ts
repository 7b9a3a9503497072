import type { Context, Hono } from 'hono';
import * as z from 'zod';
import type { Desk } from '../console.ts';
import { SharedPoll } from '../live/shared-poll.ts';
import { streamFragments } from '../live/stream-fragments.ts';
import { badInput } from '../page/error-page.ts';
import { write } from '../page/markup.ts';
import { runWords } from '../page/pill.ts';
import type { RunPage, StatusFilter } from './run-index.ts';
import { RunList, runsAddress, RunsContent, statusFilters } from './runs-page.ts';

const Status = z.enum(statusFilters).optional();
/** Tokens are Step Functions' own, and as long as it likes. */
const Token = z.string().min(1).max(4096).optional();

/** The list of runs. Its first page is live: later ones move on with every new run. */
export function addRunListRoutes(app: Hono, { index, pace, sleep, show }: Desk): void {
  const polls = new Map<string, SharedPoll<RunPage>>();
  const pollOf = (status: StatusFilter | undefined): SharedPoll<RunPage> => {
    const key = status ?? '';
    const polled = {
      look: () => index.page(status, undefined),
      versionOf: (page: RunPage) => JSON.stringify(page.rows),
      hasEnded: () => false,
    };
    const poll = polls.get(key) ?? new SharedPoll(polled, pace, sleep);
    polls.set(key, poll);
    return poll;
  };

  app.get('/runs', async (context) => {
    const status = statusOf(context);
    const token = Token.safeParse(context.req.query('page'));
    if (!token.success) throw badInput('page must be what the link to the page had.');
    const isFirst = token.data === undefined;
    const page = await index.page(status, token.data);
    return show(context, {
      title: 'Runs',
      part: 'runs',
      content: RunsContent({ page, status, isFirst }),
      ...(isFirst && { live: runsAddress(status).replace('/runs', '/runs/live') }),
    });
  });

  app.get('/runs/live', (context) => {
    const status = statusOf(context);
    return streamFragments(context, pollOf(status), {
      fragments: (page) => ({ 'run-list': write(RunList({ page, status, isFirst: true })) }),
      said,
    });
  });
}

function statusOf(context: Context): StatusFilter | undefined {
  const read = Status.safeParse(context.req.query('status'));
  if (!read.success) throw badInput(`status must be one of ${statusFilters.join(', ')}.`);
  return read.data;
}

/** Runs that are new, or stand otherwise than before. */
function said(before: RunPage, now: RunPage): string | undefined {
  const known = new Map(before.rows.map(({ hash, status }) => [hash, status]));
  const changed = now.rows.filter(({ hash, status }) => known.get(hash) !== status);
  if (changed.length === 0) return undefined;
  return changed.map(({ hash, status }) => `Run ${hash}: ${runWords[status]}`).join('. ');
}
