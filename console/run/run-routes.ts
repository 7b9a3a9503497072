import type { Context, Hono } from 'hono';
import * as z from 'zod';
import type { Desk } from '../console.ts';
import { streamFragments } from '../live/stream-fragments.ts';
import { badInput, notFound } from '../page/error-page.ts';
import { write } from '../page/markup.ts';
import { runWords } from '../page/pill.ts';
import type { RunView } from './followed-run.ts';
import type { Followed } from './followed-runs.ts';
import { eventPages, EventsView } from './events-view.ts';
import { EvidenceView, NoEvidenceYet, readEvidence } from './evidence-view.ts';
import { GraphView } from './graph-view.ts';
import { RunContent, RunHead, viewAddress, type ViewName, views } from './run-head.ts';
import { saidOfStates } from './said-of-states.ts';
import { TableView } from './table-view.ts';

const Hash = z.string().regex(/^[0-9a-f]{12}$/);
const PageNumber = z
  .string()
  .regex(/^[1-9][0-9]{0,3}$/)
  .transform(Number)
  .default(1);
const View = z.enum(Object.keys(views) as [ViewName, ...ViewName[]]);

/** A run: its graph, its table of states, its events, its evidence, and the stream that each follows. */
export function addRunRoutes(app: Hono, desk: Desk): void {
  const { index, followed, show, sources } = desk;

  const bodyOf = async ({ run }: Followed, seen: RunView, view: ViewName, page: number) => {
    if (view === 'graph') return GraphView({ seen });
    if (view === 'table') return TableView({ seen });
    if (view === 'events') return EventsView({ seen, page });
    if (!run.hasEnded(seen)) return NoEvidenceYet();
    const record = await readEvidence(sources, run.executionArn);
    return EvidenceView({ record, arn: run.executionArn });
  };

  const find = async (context: Context): Promise<Followed> => {
    const hash = Hash.safeParse(context.req.param('hash'));
    const arn = hash.success ? await index.find(hash.data) : undefined;
    if (arn === undefined) throw notFound('There is no such run.');
    return followed.of(arn);
  };

  const showView = async (context: Context, view: ViewName): Promise<Response> => {
    const found = await find(context);
    const { run } = found;
    const page = pageOf(context);
    const seen = await run.look();
    if (page > eventPages(seen)) throw notFound('There is no such page of events.');
    const { hash, status } = seen.record.execution;
    const query = page === 1 ? `view=${view}` : `view=${view}&page=${page}`;
    return show(context, {
      title: `Run ${hash}: ${runWords[status]}`,
      part: 'runs',
      content: RunContent({ seen, view, body: await bodyOf(found, seen, view, page) }),
      ...(!run.hasEnded(seen) && { live: `/runs/${hash}/live?${query}` }),
    });
  };

  for (const view of View.options) {
    app.get(viewAddress(':hash', view), (context) => showView(context, view));
  }

  app.get('/runs/:hash/live', async (context) => {
    const found = await find(context);
    const view = View.safeParse(context.req.query('view'));
    if (!view.success) throw badInput(`view must be one of ${View.options.join(', ')}.`);
    const page = pageOf(context);
    return streamFragments(context, found.poll, {
      fragments: async (seen) => ({
        'run-head': write(RunHead({ seen })),
        'run-body': write(await bodyOf(found, seen, view.data, page)),
      }),
      said: saidOfStates,
    });
  });
}

function pageOf(context: Context): number {
  const page = PageNumber.safeParse(context.req.query('page'));
  if (!page.success) throw badInput('page must be a whole number from 1 on.');
  return page.data;
}
