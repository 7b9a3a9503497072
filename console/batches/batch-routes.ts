import type { Context, Hono } from 'hono';
import * as z from 'zod';
import { getBatch, listBatches } from '../../ledger/batches.ts';
import { countObjects, listObjects, listObjectsAfter } from '../../ledger/objects.ts';
import { BatchId, ObjectId } from '../../workflow/model/code.ts';
import { type BatchItem, type ObjectItem, ObjectState } from '../../workflow/model/ledger-items.ts';
import type { Desk } from '../console.ts';
import { badInput, notFound } from '../page/error-page.ts';
import { BatchContent, mostCounted, objectsOfPage } from './batch-page.ts';
import { BatchesContent, batchesOfPage } from './batches-page.ts';

const PageNumber = z
  .string()
  .regex(/^[1-9][0-9]{0,4}$/)
  .transform(Number)
  .default(1);

/** The batches of the ledger, and each with its objects. */
export function addBatchRoutes(app: Hono, { sources, facts, show }: Desk): void {
  const { ledger } = sources.deployment;

  app.get('/batches', async (context) => {
    const page = PageNumber.safeParse(context.req.query('page'));
    if (!page.success) throw badInput('page must be a whole number from 1 on.');
    const skipped = (page.data - 1) * batchesOfPage;
    const read: BatchItem[] = [];
    for await (const batch of listBatches(ledger)) {
      read.push(batch);
      if (read.length > skipped + batchesOfPage) break;
    }
    const batches = read.slice(skipped, skipped + batchesOfPage);
    const hasMore = read.length > skipped + batchesOfPage;
    const content = BatchesContent({ batches, page: page.data, hasMore });
    return show(context, { title: 'Batches', part: 'batches', content });
  });

  app.get('/batches/:batch', async (context) => {
    const id = BatchId.safeParse(context.req.param('batch'));
    const batch = id.success ? await getBatch(ledger, id.data) : undefined;
    if (batch === undefined) throw notFound('There is no such batch.');
    const { state, after } = objectQuery(context);
    const { batchId } = batch;
    const found: ObjectItem[] = [];
    const objects =
      after === undefined
        ? listObjects(ledger, batchId)
        : listObjectsAfter(ledger, { batchId, objectId: after });
    for await (const object of objects) {
      if (state !== undefined && object.state !== state) continue;
      found.push(object);
      if (found.length > objectsOfPage) break;
    }
    const isCounted = (batch.objects ?? 0) <= mostCounted;
    const counts = isCounted ? await countObjects(ledger, batchId) : undefined;
    const content = BatchContent({
      batch,
      objects: found.slice(0, objectsOfPage),
      counts,
      state,
      isFirst: after === undefined,
      hasMore: found.length > objectsOfPage,
      isStartable: batch.state === 'SEALED' && !facts.isReadOnly,
    });
    return show(context, { title: `Batch ${batchId}`, part: 'batches', content });
  });
}

function objectQuery(context: Context) {
  const state = ObjectState.optional().safeParse(context.req.query('state'));
  const after = ObjectId.optional().safeParse(context.req.query('after'));
  if (!state.success) throw badInput(`state must be one of ${ObjectState.options.join(', ')}.`);
  if (!after.success) throw badInput('after must be the id of an object.');
  return { state: state.data, after: after.data };
}
