import { takenNames } from './error-rules.ts';
import type { Finding } from './finding.ts';
import { functionOf, innerPlaces, type Place, type State, statePath } from './machine.ts';

/** A Task as far as its errors depend on it. */
export interface TaskReference {
  readonly state: string;
  readonly resource: string | undefined;
  /** The function that it calls, as the definition names it. */
  readonly functionName: string | undefined;
}

/** The errors that tasks throw besides AWS's own: the same for all, or of one. */
export type ThrowableErrors = readonly string[] | ((task: TaskReference) => readonly string[]);

/** Errors that Step Functions documents, for definitions in JSONata. */
const statesErrors = [
  'States.ALL',
  'States.BranchFailed',
  'States.DataLimitExceeded',
  'States.ExceedToleratedFailureThreshold',
  'States.HeartbeatTimeout',
  'States.ItemReaderFailed',
  'States.NoChoiceMatched',
  'States.Permissions',
  'States.QueryEvaluationError',
  'States.ResultWriterFailed',
  'States.Runtime',
  'States.TaskFailed',
  'States.Timeout',
];

/** Errors that Lambda documents for a function that a Task calls. */
const lambdaErrors = [
  'Lambda.AWSLambdaException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.Unknown',
  'Sandbox.Timedout',
];

/** Finds retriers and catchers, or single names of them, that earlier ones leave nothing to. */
export function findHiddenErrorRules({ path, branch }: Place): Finding[] {
  return errorRules(path, branch).flatMap(({ rules, at }) =>
    takenNames(rules).flatMap((taken, i) =>
      taken.map((name): Finding => ({
        rule: 'hidden-error-rule',
        path: `${at}[${i}]`,
        sentence: `${name} never comes this far: an earlier rule takes it`,
      })),
    ),
  );
}

/** Finds names in retriers and catchers that nothing in their state throws. */
export function findUnthrownErrors(
  { path, branch }: Place,
  throwableErrors: ThrowableErrors,
): Finding[] {
  return errorRules(path, branch).flatMap(({ name, state, rules, at }) => {
    const thrown = thrownBy(name, state, throwableErrors);
    return rules.flatMap(({ ErrorEquals }, i) =>
      ErrorEquals.filter((error) => thrown !== 'any' && !thrown.has(error)).map(
        (error): Finding => ({
          rule: 'unthrown-error',
          path: `${at}[${i}]`,
          sentence: `nothing in ${name} throws ${error}`,
        }),
      ),
    );
  });
}

function errorRules(path: string, { States }: Place['branch']) {
  return Object.entries(States).flatMap(([name, state]) =>
    (['Retry', 'Catch'] as const).map((field) => ({
      name,
      state,
      rules: state[field] ?? [],
      at: `${statePath(path, name)}/${field}`,
    })),
  );
}

/** What a state can fail with; anything where a Fail inside it computes its error. */
function thrownBy(
  name: string,
  state: State,
  throwableErrors: ThrowableErrors,
): ReadonlySet<string> | 'any' {
  if (state.Type === 'Task') return thrownByTask(name, state, throwableErrors);
  if (state.Type === 'Fail') {
    return state.Error?.startsWith('{%') === true ? 'any' : new Set([state.Error ?? '']);
  }
  const thrown = new Set(statesErrors);
  for (const { branch } of innerPlaces(state, '')) {
    for (const [inner, its] of Object.entries(branch.States)) {
      const more = thrownBy(inner, its, throwableErrors);
      if (more === 'any') return 'any';
      for (const error of more) thrown.add(error);
    }
  }
  return thrown;
}

function thrownByTask(
  state: string,
  task: State,
  throwableErrors: ThrowableErrors,
): ReadonlySet<string> {
  const functionName = functionOf(task);
  const own =
    typeof throwableErrors === 'function'
      ? throwableErrors({ state, resource: task.Resource, functionName })
      : throwableErrors;
  const ofStates = statesErrors.filter(
    (error) => error !== 'States.HeartbeatTimeout' || task.HeartbeatSeconds !== undefined,
  );
  return new Set([...own, ...ofStates, ...(functionName === undefined ? [] : lambdaErrors)]);
}
