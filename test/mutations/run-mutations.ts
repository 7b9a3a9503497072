/**
 * The mutation run: `npm run mutations [-- --write]`.
 *
 * Takes out each Catch and each heartbeat of the lifecycle, the sweeper's event, the client token, the
 * conditional claim, one after the other, and says which test misses it. The last line is
 * `{"mutations":…,"survivors":…}`; it ends with 1 where one survives. `--write` writes the list into
 * docs/failure-model.md.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';
import { documentMutations, rewrite } from '../failures/support/failure-model.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const vitest = await startVitest([], {
  project: ['mutations'],
  watch: false,
  reporters: [
    {
      onTestCaseResult(test) {
        const { name, foundBy } = test.meta().mutation ?? { name: test.name, foundBy: 'nothing' };
        process.stderr.write(`${test.result().state}  ${name}: ${foundBy}\n`);
      },
    },
  ],
});
const tests = vitest.state.getTestModules().flatMap(({ children }) => [...children.allTests()]);
const mutations = tests.flatMap((test) => test.meta().mutation ?? []);
const survivors = tests.filter((test) => test.result().state !== 'passed').length;
await vitest.close();

if (values.write && survivors === 0) {
  await rewrite((text) => documentMutations(text, mutations));
}
if (survivors > 0) process.exitCode = 1;
console.log(JSON.stringify({ mutations: tests.length, survivors }));
