/**
 * Holds the interpreter against executions recorded from AWS: `npm run conformance [-- file...]`.
 *
 * Without files it runs the corpus. Prints each case that did not pass with its reasons, and as the last
 * line `{"passed":…,"failed":…,"unsupported":…}`. Ends with 1 where a case failed.
 */
import process from 'node:process';
import { judge, report } from './conformance.ts';
import { readCorpus, readRecordings } from './match.ts';

const files = process.argv.slice(2);
const cases = files.length === 0 ? readCorpus() : files.flatMap((file) => readRecordings(file));
const verdicts = await Promise.all(cases.map(judge));

for (const line of report(verdicts)) console.log(line);
if (verdicts.some(({ verdict }) => verdict === 'failed')) process.exitCode = 1;
