import { checkStates } from './check-states.ts';
import {
  formatPath,
  InvalidDefinitionError,
  UnsupportedDefinitionError,
} from './definition-error.ts';
import { StateMachine } from './model.ts';
import { findJsonPath } from './query-language.ts';
import { isSupportedResource } from './resource.ts';

/** What a definition is checked against besides the language itself. */
export interface DefinitionOptions {
  /**
   * Resources the task runner can do besides Lambda functions and `lambda:invoke`.
   *
   * @default none
   */
  readonly supportsResource?: (resource: string) => boolean;
}

/**
 * Reads a state machine definition, a JSON text or its parsed value.
 *
 * What is not understood completely is refused here and not when an execution reaches it.
 *
 * @throws UnsupportedDefinitionError naming each field, state or resource this interpreter does not run.
 * @throws InvalidDefinitionError for what AWS would refuse too.
 */
export function parseDefinition(
  definition: unknown,
  options: DefinitionOptions = {},
): StateMachine {
  const value = typeof definition === 'string' ? parseText(definition) : definition;

  const jsonPath = findJsonPath(value);
  if (jsonPath.length > 0) throw new UnsupportedDefinitionError(jsonPath);

  const parsed = StateMachine.safeParse(value);
  if (!parsed.success) throw shapeError(parsed.error.issues);

  const supports = options.supportsResource ?? (() => false);
  const { invalid, unsupported } = checkStates(parsed.data, (arn) =>
    isSupportedResource(arn, supports),
  );
  if (invalid.length > 0) throw new InvalidDefinitionError(invalid);
  if (unsupported.length > 0) throw new UnsupportedDefinitionError(unsupported);
  return parsed.data;
}

type Issue = NonNullable<ReturnType<typeof StateMachine.safeParse>['error']>['issues'][number];

/** Unknown fields and the one known mode that is not run are unsupported; every other issue is invalid. */
function shapeError(issues: readonly Issue[]): Error {
  const unsupported = issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: formatPath([...issue.path, key]),
        reason: 'is not a supported field',
      }));
    }
    return issue.path.at(-1) === 'Mode' && issue.code === 'invalid_value'
      ? [{ path: formatPath(issue.path), reason: 'must be INLINE: a Distributed Map is not run' }]
      : [];
  });
  if (unsupported.length > 0) return new UnsupportedDefinitionError(unsupported);
  return new InvalidDefinitionError(
    issues.map((issue) => ({ path: formatPath(issue.path), reason: reasonOf(issue) })),
  );
}

/** What is wrong with a key stands one level deeper than what is wrong with a value. */
function reasonOf(issue: Issue): string {
  return issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidDefinitionError([{ path: '/', reason: 'is not JSON' }]);
  }
}
