import { matchesResource } from './arn-pattern.ts';
import { conditionsHold } from './condition.ts';
import type { Statement } from './document.ts';
import { globOf, matchesGlob } from './glob.ts';
import { expandVariables } from './policy-variable.ts';
import { singleValue, type RequestContext } from './request-context.ts';
import { allOf, anyOf, not, type Truth } from './truth.ts';

function someAction(patterns: readonly string[], action: string): boolean {
  const lower = action.toLowerCase();
  return patterns.some((pattern) => matchesGlob(globOf(pattern.toLowerCase()), lower));
}

function coversAction({ Action, NotAction }: Statement, action: string): boolean {
  if (NotAction !== undefined) return !someAction(NotAction, action);
  return Action !== undefined && someAction(Action, action);
}

function coversResource(
  { Resource, NotResource }: Statement,
  resource: string,
  context: RequestContext,
): Truth {
  const fits = (text: string): Truth => {
    const pattern = expandVariables(text, (key) => singleValue(context, key));
    return pattern === undefined ? undefined : matchesResource(pattern, resource);
  };
  if (NotResource !== undefined) return not(anyOf(NotResource.map(fits)));
  // A variable without a value names no resource. Without the element it is a trust policy, which
  // speaks of its role.
  return Resource === undefined || Resource.some((text) => fits(text) === true);
}

/**
 * Whether a statement speaks of a call, whoever makes it: its action, its resource and its
 * conditions.
 *
 * What cannot be compared counts against the caller: a Deny then applies, an Allow does not.
 *
 * @see IAM User Guide, "IAM JSON policy elements reference"
 */
export function appliesTo(
  statement: Statement,
  action: string,
  resource: string,
  context: RequestContext,
): boolean {
  if (!coversAction(statement, action)) return false;
  const applies = allOf([
    coversResource(statement, resource, context),
    conditionsHold(statement.Condition ?? {}, context),
  ]);
  return applies ?? statement.Effect === 'Deny';
}
