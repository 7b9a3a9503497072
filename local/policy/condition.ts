import {
  readOperator,
  type ConditionOperator,
  type QualifiedOperator,
} from './condition-operator.ts';
import type { Statement } from './document.ts';
import { globOf } from './glob.ts';
import { expandVariables } from './policy-variable.ts';
import { singleValue, type RequestContext } from './request-context.ts';
import { allOf, anyOf, not, type Truth } from './truth.ts';

/**
 * One value of the request against all values of the policy: any for a positive operator, none for
 * a negated one.
 */
function compareOne(
  operator: ConditionOperator,
  requestValue: string,
  policyValues: readonly string[],
  context: RequestContext,
): Truth {
  const lookup = (key: string) => singleValue(context, key);
  const globs = policyValues.map((text) =>
    operator.variables ? expandVariables(text, lookup) : globOf(text),
  );
  const known = globs.filter((glob) => glob !== undefined);
  const matched = anyOf(known.map((glob) => operator.compare(requestValue, glob)));
  if (!operator.negated) return matched;
  // A variable without a value matches nothing, but that it matches nothing must not allow anything
  // either.
  return known.length < globs.length ? not(anyOf([matched, undefined])) : not(matched);
}

function whenMissing({ ifExists, set }: QualifiedOperator, operator: ConditionOperator): boolean {
  if (ifExists || set === 'ForAllValues') return true;
  return set === undefined && operator.negated;
}

function holds(
  qualified: QualifiedOperator,
  key: string,
  policyValues: readonly string[],
  context: RequestContext,
): Truth {
  const { operator, set } = qualified;
  const requestValues = context.get(key.toLowerCase()) ?? [];
  if (operator === 'Null') return policyValues.includes(String(requestValues.length === 0));
  // For the set operators an empty text is an empty set.
  const isMissing =
    set === undefined ? requestValues.length === 0 : requestValues.every((value) => value === '');
  if (isMissing) return whenMissing(qualified, operator);
  const truths = requestValues.map((value) => compareOne(operator, value, policyValues, context));
  if (set === 'ForAllValues') return allOf(truths);
  if (set === 'ForAnyValue') return anyOf(truths);
  return truths.length === 1 ? truths[0] : undefined;
}

/**
 * Whether the conditions of a statement hold: every key of every operator.
 *
 * A key that is absent fails a positive operator and satisfies a negated one, an `...IfExists` and
 * a `ForAllValues` one; it fails every `ForAnyValue`. Several values under an operator without a
 * set qualifier cannot be compared.
 *
 * @see IAM User Guide, "Conditions with multiple context keys or values" and
 * "Set operators for multivalued context keys"
 */
export function conditionsHold(
  conditions: NonNullable<Statement['Condition']>,
  context: RequestContext,
): Truth {
  return allOf(
    Object.entries(conditions).flatMap(([name, keys]) => {
      const qualified = readOperator(name);
      return Object.entries(keys).map(([key, values]) =>
        qualified === undefined ? undefined : holds(qualified, key, values, context),
      );
    }),
  );
}
