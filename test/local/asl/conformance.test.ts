import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runScripted } from '../../../local/asl/scripted.ts';
import { judge, report } from './conformance.ts';
import { type Case, matchEvents, matchEventTypes, matchOutcome, readCorpus } from './match.ts';

/** Mixed cases that need JSONPath, with the fields or states that are refused. */
const UNSUPPORTED: Readonly<Record<string, readonly string[]>> = {
  // Init assigns by a path ("var_input_value.$").
  'test_output::test_base_cases[BASE_EXPR]': ['/States/Init'],
  'test_output::test_base_lambda[BASE_LAMBDA]': ['/States/Init'],
  'test_mixed_query_language::test_lambda_task_resource_data_flow[TASK_LAMBDA_LEGACY_RESOURCE_JSONPATH_TO_JSONATA]':
    ['/States/JsonPathState/Parameters', '/States/JsonPathState/OutputPath'],
  'test_mixed_query_language::test_task_dataflow_to_state': [
    '/States/StateJsonPath/Result',
    '/States/StateJsonPath/OutputPath',
    '/States/StateJsonPath/ResultPath',
  ],
};

const cases = readCorpus();
const mine = cases.filter(
  ({ queryLanguage, translated }) => queryLanguage !== 'JSONPath' || translated,
);
const inJsonPath = cases.filter((recorded) => !mine.includes(recorded));
const supported = mine.filter(({ id }) => !(id in UNSUPPORTED));

describe('every recorded execution', () => {
  test.each(named(supported))('%s ends and is recorded as on AWS', async (id, recorded) => {
    expect(await judge(recorded)).toEqual({ id, verdict: 'passed', reasons: [] });
  });

  test.each(named(mine.filter(({ id }) => id in UNSUPPORTED)))(
    '%s needs JSONPath and is refused by name',
    async (id, recorded) => {
      const { verdict, reasons } = await judge(recorded);

      expect(verdict).toBe('unsupported');
      expect(reasons.map((reason) => reason.split(' ')[0])).toEqual(UNSUPPORTED[id]);
    },
  );

  test('in JSONPath passes where it evaluates nothing, and is refused for its JSONPath elsewhere', async () => {
    const verdicts = await Promise.all(inJsonPath.map(judge));

    const reasons = verdicts.flatMap((its) => (its.verdict === 'passed' ? [] : its.reasons));
    expect(verdicts.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    expect(verdicts.flatMap(({ id, verdict }) => (verdict === 'passed' ? [id] : []))).toEqual([
      'test_assign_base::test_base_cases[BASE_EMPTY]',
      'test_base::test_decl_version_1_0',
      'test_base_query_language::test_base_query_language_field[JSON_PATH]',
      'test_base_scenarios::test_wait_timestamp[NANOSECONDS]',
    ]);
    expect(reasons.filter((reason) => !reason.includes('JSONPath'))).toEqual([]);
  });

  test('is there: the corpus is complete and no exception is listed in vain', () => {
    const counts = Object.groupBy(mine, ({ queryLanguage }) => queryLanguage);

    expect({
      JSONata: counts.JSONata?.length,
      mixed: counts.mixed?.length,
      translated: counts.JSONPath?.length,
      JSONPath: inJsonPath.length,
      unsupported: mine.length - supported.length,
    }).toEqual({
      JSONata: 39,
      mixed: 15,
      translated: 23,
      JSONPath: 109,
      unsupported: Object.keys(UNSUPPORTED).length,
    });
  });
});

describe('npm run conformance', () => {
  const run = (...files: string[]) =>
    spawnSync(process.execPath, [script, ...files], { encoding: 'utf8' });
  const script = fileURLToPath(new URL('run-conformance.ts', import.meta.url));
  const lastLine = (text: string) => JSON.parse(text.trimEnd().split('\n').at(-1)!) as unknown;

  test('tells what did not pass and why, and ends with the numbers of this suite', async () => {
    const verdicts = await Promise.all(cases.map(judge));
    const passed = verdicts.filter(({ verdict }) => verdict === 'passed').length;

    const { status, stdout } = run();

    expect(stdout.trimEnd().split('\n')).toEqual(report(verdicts));
    expect(lastLine(stdout)).toEqual({ passed, failed: 0, unsupported: cases.length - passed });
    expect(passed).toBe(supported.length + 4);
    expect(readFileSync('docs/conformance.md', 'utf8')).toContain(
      `\n${report(verdicts).at(-1)!}\n`,
    );
    expect(status).toBe(0);
  });

  test('runs other recordings, and ends with 1 when one of them is not met', () => {
    const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'recordings.json');
    const recorded = supported[0]!;
    const unmet = { ...recorded, expected: { ...recorded.expected, status: 'ABORTED' } };
    writeFileSync(file, JSON.stringify({ cases: [recorded, unmet] }));

    const { status, stdout } = run(file);

    expect(stdout).toContain(`failed: ${recorded.id}\n    status: recorded "ABORTED", got `);
    expect(lastLine(stdout)).toEqual({ passed: 1, failed: 1, unsupported: 0 });
    expect(status).toBe(1);
  });

  test('fails a recording whose definition is taken for invalid: AWS ran it', async () => {
    const recorded = supported[0]!;
    const states = { Lost: { Type: 'Pass', Next: 'Nowhere' } };

    const invalid = await judge({
      ...recorded,
      definition: { QueryLanguage: 'JSONata', StartAt: 'Lost', States: states },
    });

    expect(invalid).toEqual({
      id: recorded.id,
      verdict: 'failed',
      reasons: ['/States/Lost/Next names no state of this branch'],
    });
  });
});

describe('the comparison', () => {
  const recorded = cases.find(({ id }) => id.endsWith('test_base_map[ITEMS]'))!;
  const failing = cases.find(({ id }) => id.endsWith('[BASE_UNDEFINED_ASSIGN]'))!;

  test('notices a wrong output', async () => {
    const actual = await runScripted(recorded);

    const mismatches = matchOutcome(recorded, { ...actual, output: '[1,2,4]' });

    expect(mismatches.map(({ path }) => path)).toEqual(['output[2]']);
  });

  test('notices a cause in other words', async () => {
    const actual = await runScripted(failing);

    const mismatches = matchOutcome(failing, { ...actual, cause: `${String(actual.cause)}!` });

    expect(mismatches.map(({ path }) => path)).toEqual(['$.cause']);
  });

  test('notices a missing event, and an event that points at the wrong one', async () => {
    const { events } = await runScripted(recorded);

    const withoutOne = matchEventTypes(recorded, events.toSpliced(4, 1));
    const pointingWrong = matchEvents(
      recorded,
      events.with(7, { ...events[7]!, previousEventId: 7 }),
    );

    expect(withoutOne).toHaveLength(1);
    expect(pointingWrong.map(({ path }) => path)).toEqual(['events[7].previousEventId']);
  });
});

function named(list: readonly Case[]): [string, Case][] {
  return list.map((recorded) => [recorded.id, recorded]);
}
