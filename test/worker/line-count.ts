import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A pipeline for tests: what an object holds decides what becomes of it. */
const processEntry = `
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const text = readFileSync(join(process.env.CZAR_INPUT, 'object'), 'utf8');
console.log(text);
console.error(text);
if (text.startsWith('BAD')) {
  writeFileSync(join(process.env.CZAR_OUTPUT, '.reason'), text.includes('coded') ? 'BAD_HEADER\\n' : text);
  process.exit(65);
}
if (text.startsWith('CRASH')) process.exit(1);
if (text.startsWith('SLOW')) await new Promise((resolve) => setTimeout(resolve, 1600));
if (text.startsWith('HANG')) setInterval(() => {}, 1000);
else if (text.startsWith('EMPTY')) process.exitCode = 0;
else {
  const lines = text.split('\\n').length - 1;
  writeFileSync(join(process.env.CZAR_OUTPUT, 'count.json'),
    JSON.stringify({ objectId: process.env.CZAR_OBJECT_ID, lines }));
}
`;

const consolidateEntry = `
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
let total = 0;
const objects = readdirSync(process.env.CZAR_INPUT);
for (const id of objects) total += JSON.parse(readFileSync(join(process.env.CZAR_INPUT, id, 'count.json'))).lines;
if (total === 13) process.exit(70);
writeFileSync(join(process.env.CZAR_OUTPUT, 'total.json'), JSON.stringify({ objects: objects.length, total }));
if (total === 17) writeFileSync(join(process.env.CZAR_OUTPUT, 'extra'), '');
`;

/** Writes the pipeline `line-count` into a directory of pipelines. */
export async function writeLineCount(pipelines: string): Promise<void> {
  const directory = join(pipelines, 'line-count');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'process.mjs'), processEntry);
  await writeFile(join(directory, 'consolidate.mjs'), consolidateEntry);
  await writeFile(
    join(directory, 'pipeline.json'),
    JSON.stringify({
      name: 'line-count',
      version: '1.0.0',
      acceptedTypes: ['text/csv'],
      process: 'process.mjs',
      consolidate: 'consolidate.mjs',
      limits: { processSeconds: 60, memoryMiB: 512 },
      resultFiles: ['total.json'],
    }),
  );
}
