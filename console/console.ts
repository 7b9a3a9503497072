import { Hono, type Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { addBatchRoutes } from './batches/batch-routes.ts';
import type { ConsoleFacts } from './console-facts.ts';
import type { Pace, Sleep } from './live/shared-poll.ts';
import { addMailRoutes } from './mails/mail-routes.ts';
import { notFound, RefusalContent, refusalOf } from './page/error-page.ts';
import { type Page, writePage } from './page/layout.ts';
import { addQuestionRoutes } from './questions/question-routes.ts';
import { addRunRoutes } from './run/run-routes.ts';
import { FollowedRuns } from './run/followed-runs.ts';
import { RunIndex } from './runs/run-index.ts';
import { addRunListRoutes } from './runs/run-list-routes.ts';
import { type Keys, requireKey, requireOwnHost } from './security/admission.ts';
import { fenceAnswers } from './security/headers.ts';
import { addSensorRoutes } from './sensors/sensor-routes.ts';
import type { ConsoleSources } from './sources.ts';
import { addStartRoutes } from './start/start-routes.ts';
import { addStaticRoutes } from './static-files.ts';

/** What a console is made of. */
export interface ConsoleOptions {
  readonly sources: ConsoleSources;
  readonly keys: Keys;
  /** `http://127.0.0.1:PORT`, as browsers see it. */
  readonly origin: string;
  readonly sleep: Sleep;
  readonly now: () => Date;
  readonly pace: Pace;
}

/** What the routes share. */
export interface Desk extends ConsoleOptions {
  readonly facts: ConsoleFacts;
  readonly index: RunIndex;
  readonly followed: FollowedRuns;
  /** Answers with a page. */
  readonly show: (context: Context, page: Page, status?: ContentfulStatusCode) => Response;
}

/** Makes the console: all of its pages, behind the fences that every one of them has. */
export function createConsole(options: ConsoleOptions): Hono {
  const { sources, keys, origin } = options;
  const { deployment, embedded, place } = sources;
  const { sfn, settings } = deployment;
  const facts = { study: settings.study, place, isReadOnly: embedded === undefined };
  const desk: Desk = {
    ...options,
    facts,
    index: new RunIndex(sfn, settings.stateMachineArn),
    followed: new FollowedRuns(options),
    show: (context, page, status = 200) => context.html(writePage(page, facts), status),
  };
  const app = new Hono();
  app.use(fenceAnswers);
  app.use(requireOwnHost(origin));
  // Style and icon are those of the page, too, that says how to get in. They tell nothing.
  addStaticRoutes(app);
  app.use(requireKey(origin, keys));
  app.get('/', (context) => context.redirect('/runs', 303));
  addRunListRoutes(app, desk);
  addRunRoutes(app, desk);
  addStartRoutes(app, desk);
  addBatchRoutes(app, desk);
  addMailRoutes(app, desk);
  addSensorRoutes(app, desk);
  addQuestionRoutes(app, desk);
  app.notFound((context) => refuse(context, notFound()));
  app.onError((error, context) => refuse(context, error));

  function refuse(context: Context, error: unknown): Response {
    const refusal = refusalOf(error);
    const isBare = refusal.status === 401 || refusal.status === 403;
    const page = { title: refusal.code, content: RefusalContent(refusal), isBare };
    return desk.show(context, page, refusal.status);
  }
  return app;
}
