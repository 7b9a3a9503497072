import { findHiddenErrorRules, findUnthrownErrors, type ThrowableErrors } from './check-errors.ts';
import { type FailureOptions, findFailuresThatEndWell } from './check-failures.ts';
import { findLostInputs } from './check-inputs.ts';
import { findUnboundedLoops } from './check-loops.ts';
import { findShadowedRules, findUnreachableStates } from './check-reachability.ts';
import { findLongHeartbeats, findTasksWithoutTimeout } from './check-tasks.ts';
import {
  findSkippedTerminations,
  refuseUnknownNames,
  type TerminationOptions,
} from './check-termination.ts';
import { findUnassignedVariables } from './check-variables.ts';
import type { Finding } from './finding.ts';
import { placesOf, readMachine } from './machine.ts';

/** What the checks have to know about a machine besides its definition. */
export interface CheckOptions extends FailureOptions, TerminationOptions {
  readonly throwableErrors: ThrowableErrors;
}

/**
 * Finds what a schema cannot: states and rules that nothing reaches, failures that end well, what is
 * launched and not terminated, loops without a bound, tasks without a timeout, error names in vain.
 *
 * Only the definition is read, JSONata's syntax included, so an answer without findings says that no
 * such fault can be seen there, and not that every failure ends as it should. What each check decides,
 * and what it does not, stands at its own function.
 *
 * @throws CheckRefusedError for a definition in JSONPath or one that is none, and for an option that
 * names what the machine does not have.
 */
export function checkDefinition(definition: unknown, options: CheckOptions): Finding[] {
  const machine = readMachine(definition);
  const places = placesOf(machine);
  const { launching, terminating, refusals, toleratedFailures, failureStates } = options;
  const branches = places.map(({ branch }) => branch);
  const states = [refusals, toleratedFailures].flatMap((byState) => Object.keys(byState ?? {}));
  for (const named of [launching, terminating, { states }, { states: failureStates }]) {
    refuseUnknownNames(branches, named ?? {});
  }
  return [
    ...places.flatMap(findUnreachableStates),
    ...places.flatMap(findShadowedRules),
    ...places.flatMap((place) => findFailuresThatEndWell(place, options)),
    ...findSkippedTerminations(machine, options),
    ...findUnassignedVariables({ path: '', branch: machine }),
    ...places.flatMap(findLostInputs),
    ...places.flatMap(findUnboundedLoops),
    ...places.flatMap(findTasksWithoutTimeout),
    ...places.flatMap(findLongHeartbeats),
    ...places.flatMap(findHiddenErrorRules),
    ...places.flatMap((place) => findUnthrownErrors(place, options.throwableErrors)),
  ];
}
