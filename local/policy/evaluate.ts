import type { Caller } from './caller.ts';
import type { PolicyDocument } from './document.ts';
import { grantAllows, grantLetsRetire, type Grant } from './grant.ts';
import { findStatement, type Call, type Policy, type PolicyKind } from './policy-search.ts';
import { requestContext, resourceAccount, type ContextValues } from './request-context.ts';

export type { Caller } from './caller.ts';
export type { Grant } from './grant.ts';

/** One call to be decided, with every policy that is not the caller's own. */
export interface AccessRequest {
  /** As in `s3:PutObject`. */
  readonly action: string;
  /** An ARN, or `*` for an action that knows no resource. */
  readonly resource: string;
  /**
   * Condition keys of the call. What follows from the caller (`aws:PrincipalArn` and its kind) is
   * added.
   */
  readonly context: ContextValues;
  /** The policy of a bucket, topic or queue: it or an identity policy must allow. */
  readonly resourcePolicy?: PolicyDocument;
  /**
   * The policy of a KMS key and its live grants: the key policy must allow or delegate, or a grant
   * must allow.
   */
  readonly keyPolicy?: {
    readonly document: PolicyDocument;
    readonly grants: readonly Grant[];
    /**
     * For `kms:RetireGrant`, and required there: the grant to be retired, the only one that can
     * allow it.
     */
    readonly retiredGrantId?: string;
  };
  /** The trust policy of a role, for `sts:AssumeRole`: it must allow or delegate. */
  readonly trustPolicy?: PolicyDocument;
  /** The policies of the VPC endpoints that the call passes: each must allow, too. */
  readonly endpointPolicies?: readonly PolicyDocument[];
}

/**
 * What was decided and why: the statement or grant, or the kind of policy that is silent. Fit for
 * errors and logs.
 */
export type Decision =
  | { readonly allowed: true; readonly by: string }
  | { readonly allowed: false; readonly explicit: boolean; readonly because: string };

/** What allows a call, or the kind of policy that would have to. */
type Verdict = { readonly by: string } | { readonly silent: PolicyKind };

/** The policies of one call by the part they play. */
interface Policies {
  readonly identity: readonly Policy[];
  /** The policy at the resource, if it has one. */
  readonly resource: Policy | undefined;
  /**
   * Whether identity policies count only when the policy at the resource delegates to the account.
   */
  readonly mustDelegate: boolean;
  readonly endpoints: readonly Policy[];
}

const articles: Record<PolicyKind, string> = {
  'identity-based policy': 'an',
  'resource-based policy': 'a',
  'role trust policy': 'a',
  'VPC endpoint policy': 'a',
};

function resourcePolicyOf({
  keyPolicy,
  trustPolicy,
  resourcePolicy,
}: AccessRequest): Policy | undefined {
  if (keyPolicy)
    return { kind: 'resource-based policy', name: 'key policy', document: keyPolicy.document };
  if (trustPolicy)
    return { kind: 'role trust policy', name: 'trust policy', document: trustPolicy };
  return (
    resourcePolicy && {
      kind: 'resource-based policy',
      name: 'resource policy',
      document: resourcePolicy,
    }
  );
}

function policiesOf({ identityPolicies }: Caller, request: AccessRequest): Policies {
  const { keyPolicy, trustPolicy, resourcePolicy, endpointPolicies = [] } = request;
  if (
    [keyPolicy, trustPolicy, resourcePolicy].filter((policy) => policy !== undefined).length > 1
  ) {
    throw new TypeError('a resource has one policy: give keyPolicy, trustPolicy or resourcePolicy');
  }
  return {
    identity: identityPolicies.map(({ name, document }) => ({
      kind: 'identity-based policy',
      name,
      document,
    })),
    resource: resourcePolicyOf(request),
    mustDelegate: keyPolicy !== undefined || trustPolicy !== undefined,
    endpoints: endpointPolicies.map((document) => ({
      kind: 'VPC endpoint policy',
      name: 'endpoint policy',
      document,
    })),
  };
}

function firstFound<T>(
  policies: readonly Policy[],
  find: (policy: Policy) => T | undefined,
): T | undefined {
  for (const policy of policies) {
    const found = find(policy);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What the caller's own side allows. The account root needs no policy. */
function identityAllow(call: Call, { identity }: Policies): string | undefined {
  if (call.caller.type === 'Root') return 'account root user';
  return firstFound(identity, (policy) => findStatement(policy, call, 'Allow'));
}

function grantAllow(call: Call, { keyPolicy }: AccessRequest): string | undefined {
  const [service, operation = ''] = call.action.split(':');
  if (keyPolicy === undefined || service !== 'kms') return undefined;
  const { grants, retiredGrantId } = keyPolicy;
  const retires = operation === 'RetireGrant';
  if (retires && retiredGrantId === undefined)
    throw new TypeError('kms:RetireGrant needs keyPolicy.retiredGrantId');
  const grant = grants.find((one) =>
    retires
      ? one.grantId === retiredGrantId && grantLetsRetire(one, call.caller, call.context)
      : grantAllows(one, operation, call.caller, call.context),
  );
  return grant && `grant ${grant.grantId}`;
}

/**
 * What allows the call once nothing denies it, leaving endpoint policies aside.
 *
 * A key policy has no say in `kms:RetireGrant`: the grant decides, or the account through an
 * identity policy.
 */
function verdict(call: Call, request: AccessRequest, policies: Policies): Verdict {
  const { resource, mustDelegate } = policies;
  const grant = grantAllow(call, request);
  if (grant !== undefined) return { by: grant };

  const identity = identityAllow(call, policies);
  const ownSide: Verdict =
    identity === undefined ? { silent: 'identity-based policy' } : { by: identity };
  const resourceSilent: Verdict = { silent: resource?.kind ?? 'resource-based policy' };
  const isOwnAccount =
    (resourceAccount(call.resource, call.context) ?? call.caller.accountId) ===
    call.caller.accountId;
  const isService = call.caller.type === 'Service';

  if (call.action === 'kms:RetireGrant')
    return isOwnAccount && !isService ? ownSide : resourceSilent;
  if (!isOwnAccount && !isService) {
    return resource && findStatement(resource, call, 'Allow') !== undefined
      ? ownSide
      : resourceSilent;
  }
  const direct = resource && findStatement(resource, call, 'Allow', 'direct');
  if (direct !== undefined) return { by: direct };
  if (isService) return resourceSilent;
  const delegated =
    resource && mustDelegate ? findStatement(resource, call, 'Allow', 'account') : undefined;
  return mustDelegate && delegated === undefined ? resourceSilent : ownSide;
}

/**
 * Decides one call as AWS's IAM would.
 *
 * An explicit Deny in any policy wins. Then every VPC endpoint policy must allow, naming the caller
 * or `*` (one that names an account speaks of its root only, as at a gateway endpoint). Then,
 * within one account, an identity policy or the resource's policy suffices; a key or trust policy
 * must allow the caller itself or delegate to the account for identity policies to count; a KMS
 * grant suffices alone. Across accounts both sides must allow. Services are allowed by the
 * resource's policy only. The account of a resource is `aws:ResourceAccount`, else that of its ARN,
 * else the caller's own. Permissions boundaries, session policies and organization policies are not
 * implemented.
 *
 * @throws UnsupportedPolicyError when a policy cannot be of the kind it was passed as.
 * @see IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access"
 * and "Cross-account policy evaluation logic"; AWS KMS Developer Guide, "Default key policy" and
 * "Retiring and revoking grants"; IAM User Guide, "Troubleshoot access denied error messages" for
 * the texts
 */
export function decide(caller: Caller, request: AccessRequest): Decision {
  const { action, resource } = request;
  const call: Call = {
    caller,
    action,
    resource,
    context: requestContext(caller, resource, request.context),
  };
  const policies = policiesOf(caller, request);
  const deny = (explicit: boolean, reason: string): Decision => ({
    allowed: false,
    explicit,
    because: `User: ${caller.principalArn} is not authorized to perform: ${action} on resource: ${resource} ${reason}`,
  });
  const silent = (kind: PolicyKind) =>
    deny(false, `because no ${kind} allows the ${action} action`);

  const all = [
    ...policies.identity,
    ...(policies.resource ? [policies.resource] : []),
    ...policies.endpoints,
  ];
  const denied = firstFound(all, (policy) => {
    const by = findStatement(policy, call, 'Deny');
    return (
      by && deny(true, `with an explicit deny in ${articles[policy.kind]} ${policy.kind}: ${by}`)
    );
  });
  if (denied) return denied;
  const isOpen = policies.endpoints.every(
    (policy) => findStatement(policy, call, 'Allow', 'direct') !== undefined,
  );
  if (!isOpen) return silent('VPC endpoint policy');

  const outcome = verdict(call, request, policies);
  return 'by' in outcome ? { allowed: true, by: outcome.by } : silent(outcome.silent);
}
