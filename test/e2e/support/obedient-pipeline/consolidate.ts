import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runEntry } from '../../../../pipelines/run-protocol.ts';
import { obey, readOrders } from './orders.ts';
import { digestFileName, laterFileName } from './result-files.ts';

// Does what the objects said it is to do later, and joins their digests, sorted by object.
await runEntry(async (run) => {
  const digests: string[] = [];
  for (const objectId of (await readdir(run.input)).sort()) {
    const read = (name: string): Promise<string> =>
      readFile(join(run.input, objectId, name), 'utf8');
    const text = await read(laterFileName).catch(() => '');
    for (const order of readOrders(text).now) await obey(order, { ...run, text });
    digests.push(`${objectId} ${await read(digestFileName)}`);
  }
  await writeFile(join(run.output, 'digests.txt'), digests.join(''));
});
