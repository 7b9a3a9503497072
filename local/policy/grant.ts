import { roleOf, type Caller } from './caller.ts';
import type { RequestContext } from './request-context.ts';

/**
 * A KMS grant: lets one principal use one key for some operations, until it is retired or revoked.
 */
export interface Grant {
  readonly grantId: string;
  /** ARN of a role, user or role session, or the name of a service. */
  readonly granteePrincipal: string;
  /** Operations without the service, as in `Decrypt`. */
  readonly operations: readonly string[];
  /** The encryption context of the call must be exactly this. */
  readonly encryptionContextEquals?: Readonly<Record<string, string>>;
  /** The encryption context of the call must contain this. */
  readonly encryptionContextSubset?: Readonly<Record<string, string>>;
  readonly retiringPrincipal?: string;
}

const contextPrefix = 'kms:encryptioncontext:';

/**
 * Grant operations that carry no encryption context, so that a grant's constraint does not touch
 * them.
 */
const unconstrainedOperations = new Set(['DescribeKey', 'RetireGrant']);

function isCaller(principal: string | undefined, caller: Caller): boolean {
  return (
    principal !== undefined && (principal === caller.principalArn || principal === roleOf(caller))
  );
}

function includes(context: RequestContext, pairs: Readonly<Record<string, string>>): boolean {
  return Object.entries(pairs).every(([name, value]) => {
    const values = context.get(contextPrefix + name.toLowerCase()) ?? [];
    return values.length === 1 && values[0] === value;
  });
}

function equals(context: RequestContext, pairs: Readonly<Record<string, string>>): boolean {
  const present = [...context.keys()].filter((key) => key.startsWith(contextPrefix));
  const wanted = new Set(Object.keys(pairs).map((name) => contextPrefix + name.toLowerCase()));
  return present.every((key) => wanted.has(key)) && includes(context, pairs);
}

/**
 * Whether a grant lets the caller do one KMS operation.
 *
 * Names in a constraint are compared without case, values with. `CreateGrant` is never allowed by a
 * grant: AWS then limits what the new grant may hold, and that is not implemented.
 *
 * @see AWS KMS Developer Guide, "Creating grants", section on grant constraints, and
 * "GrantConstraints" in the API reference
 */
export function grantAllows(
  grant: Grant,
  operation: string,
  caller: Caller,
  context: RequestContext,
): boolean {
  if (operation === 'CreateGrant') return false;
  if (!isCaller(grant.granteePrincipal, caller) || !grant.operations.includes(operation))
    return false;
  if (unconstrainedOperations.has(operation)) return true;
  const { encryptionContextEquals, encryptionContextSubset } = grant;
  if (encryptionContextEquals !== undefined && !equals(context, encryptionContextEquals))
    return false;
  return encryptionContextSubset === undefined || includes(context, encryptionContextSubset);
}

/**
 * Whether a grant itself lets the caller retire it: its retiring principal may, and its grantee if
 * `RetireGrant` is among its operations.
 *
 * @see AWS KMS Developer Guide, "Retiring and revoking grants"
 */
export function grantLetsRetire(grant: Grant, caller: Caller, context: RequestContext): boolean {
  return (
    isCaller(grant.retiringPrincipal, caller) || grantAllows(grant, 'RetireGrant', caller, context)
  );
}
