import type { Caller } from './caller.ts';
import type { PolicyDocument, Statement } from './document.ts';
import { matchPrincipal, type PrincipalMatch } from './principal.ts';
import type { RequestContext } from './request-context.ts';
import { appliesTo } from './statement.ts';
import { UnsupportedPolicyError } from './unsupported-policy-error.ts';

/** Where a policy hangs, in the words of AWS's messages. */
export type PolicyKind =
  'identity-based policy' | 'resource-based policy' | 'role trust policy' | 'VPC endpoint policy';

/** One policy that a call is measured against. */
export interface Policy {
  readonly kind: PolicyKind;
  /** For messages: `key policy`, or the name of an identity policy. */
  readonly name: string;
  readonly document: PolicyDocument;
}

/** One call, with the context that conditions and variables read. */
export interface Call {
  readonly caller: Caller;
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
}

/**
 * How a statement of a policy covers the caller; an identity policy covers whoever it is attached
 * to.
 */
function coverage(
  policy: Policy,
  statement: Statement,
  caller: Caller,
): PrincipalMatch | undefined {
  const isIdentity = policy.kind === 'identity-based policy';
  if (isIdentity && statement.Principal === undefined) return 'direct';
  if (!isIdentity && statement.Principal !== undefined)
    return matchPrincipal(statement.Principal, caller);
  const reason = isIdentity ? 'is not possible in an identity policy' : 'is missing';
  throw new UnsupportedPolicyError(policy.name, 'Principal', reason);
}

/**
 * The first statement of a policy with this effect that applies to the call, as text for messages.
 *
 * `wanted` narrows it to statements that name the caller (`direct`) or only its account
 * (`account`).
 *
 * @throws UnsupportedPolicyError when a statement has a principal where none may be, or none where
 * one must be.
 */
export function findStatement(
  policy: Policy,
  call: Call,
  effect: Statement['Effect'],
  wanted?: PrincipalMatch,
): string | undefined {
  const index = policy.document.Statement.findIndex((statement) => {
    const match = coverage(policy, statement, call.caller);
    if (statement.Effect !== effect || match === undefined || match !== (wanted ?? match))
      return false;
    return appliesTo(statement, call.action, call.resource, call.context);
  });
  const sid = policy.document.Statement[index]?.Sid;
  return index < 0
    ? undefined
    : `${policy.name}, statement ${index}${sid === undefined ? '' : ` (${sid})`}`;
}
