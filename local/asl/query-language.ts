import { formatPath, type DefinitionProblem } from './definition-error.ts';

/** Fields that only JSONPath states have. */
const JSONPATH_FIELDS = new Set([
  'InputPath',
  'OutputPath',
  'ResultPath',
  'Parameters',
  'Result',
  'ResultSelector',
  'SecondsPath',
  'TimestampPath',
  'TimeoutSecondsPath',
  'HeartbeatSecondsPath',
  'ErrorPath',
  'CausePath',
  'ItemsPath',
  'MaxConcurrencyPath',
  'ToleratedFailureCountPath',
  'ToleratedFailurePercentagePath',
]);

/** States that mean the same in both languages as long as they use none of the fields above. */
const LANGUAGE_FREE_TYPES = new Set(['Pass', 'Wait', 'Succeed', 'Fail']);

/**
 * Finds every place of an unparsed definition that needs JSONPath.
 *
 * A machine's language is JSONPath unless it says otherwise, and states may say otherwise again. A JSONPath
 * state that evaluates nothing needs no JSONPath, so a mixed machine may contain it.
 */
export function findJsonPath(definition: unknown): DefinitionProblem[] {
  return isRecord(definition)
    ? inBranch(definition, [], definition.QueryLanguage ?? 'JSONPath')
    : [];
}

function inBranch(branch: unknown, path: PropertyKey[], inherited: unknown): DefinitionProblem[] {
  if (!isRecord(branch) || !isRecord(branch.States)) return [];
  return Object.entries(branch.States).flatMap(([name, state]) =>
    isRecord(state) ? inState(state, [...path, 'States', name], inherited) : [],
  );
}

function inState(
  state: Record<string, unknown>,
  path: PropertyKey[],
  inherited: unknown,
): DefinitionProblem[] {
  const language = state.QueryLanguage ?? inherited;
  const problems: DefinitionProblem[] = [];
  for (const field of Object.keys(state)) {
    if (JSONPATH_FIELDS.has(field)) {
      problems.push({ path: formatPath([...path, field]), reason: 'needs JSONPath' });
    }
  }
  // AWS lets a JSONPath machine have JSONata states, but not the other way round.
  const isOtherwiseFine = inherited !== 'JSONata' && isLanguageFree(state);
  if (language !== 'JSONata' && problems.length === 0 && !isOtherwiseFine) {
    problems.push({
      path: formatPath(path),
      reason: 'is a JSONPath state (set QueryLanguage to JSONata)',
    });
  }
  if (Array.isArray(state.Branches)) {
    problems.push(
      ...state.Branches.flatMap((b, i) => inBranch(b, [...path, 'Branches', i], language)),
    );
  }
  problems.push(...inBranch(state.ItemProcessor, [...path, 'ItemProcessor'], language));
  return problems;
}

/** A path in an Assign ends its key in `.$`; a text in `{% %}` is plain text in JSONPath and code in JSONata. */
function isLanguageFree(state: Record<string, unknown>): boolean {
  return LANGUAGE_FREE_TYPES.has(String(state.Type)) && !/\.\$":|"\{%/.test(JSON.stringify(state));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
