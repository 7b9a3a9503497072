import { roleOf, type Caller } from './caller.ts';

/**
 * Whom a statement of a resource-based policy speaks of; `Principal: '*'` reads as `AWS: ['*']`,
 * which means the same.
 */
export interface Principal {
  readonly AWS: readonly string[];
  readonly Service: readonly string[];
}

/**
 * How a statement's principal covers a caller: named itself (or by its role, or by `*`), or only
 * through its account.
 *
 * The account is a delegation: an Allow to it counts for the account root alone until an identity
 * policy allows too, while a Deny to it holds for everyone in the account.
 */
export type PrincipalMatch = 'direct' | 'account';

const accountForm = /^(?:arn:aws[\w-]*:iam::)?(\d{1,12})(?::root)?$/;
const accountRootArn = /^arn:aws[\w-]*:iam::\d{1,12}:root$/;
const accountId = /^\d{1,12}$/;
const entityArn =
  /^arn:aws[\w-]*:(?:iam::\d{1,12}:(?:role|user)|sts::\d{1,12}:assumed-role\/[^/*?]+)\/[^*?]+$/;
const serviceName = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/;

/**
 * Whether the evaluator understands an entry of `Principal.AWS`: `*`, an account, a role, a user or
 * a role session.
 *
 * A `*` inside a name is refused as AWS does; so are unique ids, federated users and CloudFront
 * identities.
 */
export function isAwsPrincipal(text: string): boolean {
  return text === '*' || accountId.test(text) || accountRootArn.test(text) || entityArn.test(text);
}

/** Whether the evaluator understands an entry of `Principal.Service`. */
export function isServicePrincipal(text: string): boolean {
  return serviceName.test(text);
}

function matchEntry(entry: string, caller: Caller): PrincipalMatch | undefined {
  if (entry === '*') return 'direct';
  if (caller.type === 'Service') return undefined;
  if (entry === caller.principalArn || entry === roleOf(caller)) return 'direct';
  if (accountForm.exec(entry)?.[1] !== caller.accountId) return undefined;
  return caller.type === 'Root' ? 'direct' : 'account';
}

/**
 * How a statement's principal covers a caller, if at all.
 *
 * @see IAM User Guide, "AWS JSON policy elements: Principal"
 */
export function matchPrincipal(principal: Principal, caller: Caller): PrincipalMatch | undefined {
  if (caller.type === 'Service' && principal.Service.includes(caller.principalArn)) return 'direct';
  const matches = principal.AWS.map((entry) => matchEntry(entry, caller));
  return (
    matches.find((match) => match === 'direct') ?? matches.find((match) => match !== undefined)
  );
}
