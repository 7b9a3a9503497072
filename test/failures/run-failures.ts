/**
 * The failure prover: `npm run failures [-- --write] [-- --name <text>]`.
 *
 * Runs a batch for every Task state and every fault, prints the matrix, and as the last line
 * `{"cells":…,"violations":…}`. Ends with 1 where a cell violates an invariant, or is not as
 * docs/failure-model.md says. `--write` writes that page's tables; `--name` runs only tests whose
 * names contain a text.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';
import { document, rewrite } from './support/failure-model.ts';
import { describeMatrix } from './support/matrix.ts';
import { Progress } from './support/progress.ts';

const { values } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    name: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log('npm run failures [-- --write] [-- --name "<part of a test\'s name>"]');
  process.exit(0);
}
if (values.write) process.env.CZAR_WRITE_FAILURE_MODEL = 'yes';

const vitest = await startVitest([], {
  project: ['failures'],
  watch: false,
  reporters: [new Progress()],
  ...(values.name !== undefined && { testNamePattern: escape(values.name) }),
});
const tests = vitest.state.getTestModules().flatMap(({ children }) => [...children.allTests()]);
const cells = tests.flatMap((test) => test.meta().cell ?? []);
const isFailed = (test: (typeof tests)[number]): boolean => test.result().state === 'failed';
await vitest.close();

for (const line of describeMatrix(cells)) console.log(line);
const violations = tests.filter(isFailed).length;
if (values.write) {
  if (values.name !== undefined || violations > 0) {
    console.error('docs/failure-model.md is written from a whole run without violations only');
    process.exitCode = 1;
  } else {
    await rewrite((text) => document(text, cells));
  }
}
if (violations > 0) process.exitCode = 1;
console.log(JSON.stringify({ cells: cells.length, violations }));

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
