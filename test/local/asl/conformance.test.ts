import { describe, expect, test } from 'vitest';
import { UnsupportedDefinitionError } from '../../../local/asl/definition-error.ts';
import { runScripted } from '../../../local/asl/scripted.ts';
import { matchEvents, matchEventTypes, matchOutcome, readCases, type Case } from './match.ts';

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

const cases = readCases();
const supported = cases.filter(({ id }) => !(id in UNSUPPORTED));

describe('every recorded execution', () => {
  test.each(named(supported))('%s ends and is recorded as on AWS', async (_id, recorded) => {
    const actual = await runScripted(recorded);

    expect(matchOutcome(recorded, actual)).toEqual([]);
    expect(matchEventTypes(recorded, actual.events)).toEqual([]);
    expect(matchEvents(recorded, actual.events)).toEqual([]);
  });

  test.each(named(cases.filter(({ id }) => id in UNSUPPORTED)))(
    '%s needs JSONPath and is refused by name',
    async (id, recorded) => {
      const refusal = await runScripted(recorded).catch((error: unknown) => error);

      expect(refusal).toBeInstanceOf(UnsupportedDefinitionError);
      expect((refusal as UnsupportedDefinitionError).problems.map(({ path }) => path)).toEqual(
        UNSUPPORTED[id],
      );
    },
  );

  test('is there: the corpus is complete and no exception is listed in vain', () => {
    const counts = Object.groupBy(cases, ({ queryLanguage }) => queryLanguage);

    expect({
      JSONata: counts.JSONata?.length,
      mixed: counts.mixed?.length,
      translated: counts.JSONPath?.length,
      unsupported: cases.length - supported.length,
    }).toEqual({
      JSONata: 39,
      mixed: 15,
      translated: 23,
      unsupported: Object.keys(UNSUPPORTED).length,
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
