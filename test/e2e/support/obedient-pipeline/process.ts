import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { objectFileName, runEntry } from '../../../../pipelines/run-protocol.ts';
import { obey, readOrders } from './orders.ts';
import { digestFileName, laterFileName } from './result-files.ts';

// Does what each line of its object says, in order, and leaves a digest of the object.
await runEntry(async (run) => {
  const text = await readFile(join(run.input, objectFileName), 'utf8');
  const { now, later } = readOrders(text);
  for (const order of now) await obey(order, { ...run, text });
  if (now.some(({ deed }) => deed === 'no-result')) return;
  const sha256 = createHash('sha256').update(text).digest('hex');
  await writeFile(join(run.output, digestFileName), `${sha256}\n`);
  if (later.length > 0) await writeFile(join(run.output, laterFileName), later.join('\n'));
});
