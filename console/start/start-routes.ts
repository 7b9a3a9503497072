import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context, Hono } from 'hono';
import { startBatch } from '../../client/commands/start.ts';
import { listBatches } from '../../ledger/batches.ts';
import { contractFileName } from '../../pipelines/contract.ts';
import { listPipelines } from '../../pipelines/registry.ts';
import { executionHash } from '../../workflow/model/names.ts';
import type { Desk } from '../console.ts';
import { requireOwnForm } from '../security/forgery.ts';
import { readForm, type ReadForm } from './read-form.ts';
import { type Choices, ReadOnlyContent, StartContent } from './start-page.ts';

/** What the embedded cloud's workers have. */
const pipelinesFolder = fileURLToPath(new URL('../../pipelines', import.meta.url));
/** Most batches to choose from; `?batch=` takes an older one. */
const mostBatches = 200;

/** Starts runs, as the operator, in the embedded cloud; against AWS there is a page that says why not. */
export function addStartRoutes(app: Hono, { sources, keys, origin, show }: Desk): void {
  const { embedded } = sources;
  if (embedded === undefined) {
    app.get('/start', (context) =>
      show(context, { title: 'Start a run', part: 'start', content: ReadOnlyContent() }),
    );
    return;
  }

  const answer = async (context: Context, form: ReadForm, isSent: boolean): Promise<Response> => {
    const choices = await readChoices(form.values.batchId);
    const content = StartContent({ choices, form, formSecret: keys.form, isSent });
    const hasFaults = isSent && form.request === undefined;
    const page = { title: 'Start a run', part: 'start', content } as const;
    return show(context, page, hasFaults ? 400 : 200);
  };

  async function readChoices(wanted: string | undefined): Promise<Choices> {
    const batches = [];
    for await (const batch of listBatches(sources.deployment.ledger)) {
      const isChoice = batches.length < mostBatches || batch.batchId === wanted;
      if (batch.state === 'SEALED' && isChoice) batches.push(batch);
    }
    return { batches, pipelines: await pipelines() };
  }

  app.get('/start', async (context) =>
    answer(context, readForm({ batchId: context.req.query('batch') }), false),
  );
  const own = requireOwnForm(origin, keys.form);
  app.post('/start/preview', own, async (context) =>
    answer(context, readForm(await context.req.parseBody()), false),
  );
  app.post('/start', own, async (context) => {
    const form = readForm(await context.req.parseBody());
    if (form.request === undefined) return answer(context, form, true);
    const executionArn = await startBatch(embedded.operator, form.request);
    return context.redirect(`/runs/${executionHash(executionArn)}`, 303);
  });
}

/** The folders that have a contract. */
async function pipelines(): Promise<string[]> {
  const names = await listPipelines(pipelinesFolder);
  return names.filter((name) => existsSync(join(pipelinesFolder, name, contractFileName)));
}
