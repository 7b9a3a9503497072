import { splitArn } from './arn-pattern.ts';
import { roleOf, type Caller } from './caller.ts';

/**
 * What a service knows of a call, by condition key in any spelling; undefined means that the key is
 * absent.
 */
export type ContextValues = Readonly<
  Record<string, string | readonly string[] | number | boolean | undefined>
>;

/** The condition keys of one call in lower case; a key with no value is as good as absent. */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

const principalTypes = {
  AssumedRole: 'AssumedRole',
  User: 'User',
  Root: 'Account',
  Service: undefined,
  Certificate: undefined,
} as const;

/** The keys that follow from who calls; undefined where AWS has none for this kind of caller. */
function callerKeys(caller: Caller): Record<string, string | undefined> {
  const isService = caller.type === 'Service';
  // Neither a service nor a device's certificate is a principal of IAM.
  const isPrincipal = !isService && caller.type !== 'Certificate';
  return {
    'aws:principalarn': isPrincipal ? (roleOf(caller) ?? caller.principalArn) : undefined,
    'aws:principalaccount': isPrincipal ? caller.accountId : undefined,
    'aws:principaltype': principalTypes[caller.type],
    'aws:username': caller.type === 'User' ? caller.principalArn.split('/').at(-1) : undefined,
    'aws:principalisawsservice': String(isService),
    'aws:principalservicename': isService ? caller.principalArn : undefined,
  };
}

/**
 * The account that owns the requested resource: what the service says, else what the ARN says.
 *
 * Undefined for `*` and for ARNs without an account, which are S3's; such a resource counts as the
 * caller's own.
 */
export function resourceAccount(resource: string, context: RequestContext): string | undefined {
  const account = context.get('aws:resourceaccount')?.[0] ?? splitArn(resource)?.[4];
  return account === '' ? undefined : account;
}

/**
 * The context that conditions and variables read.
 *
 * Names that differ only in case are one key, with the values of all. What follows from the caller
 * replaces what a service passed under the same key, so that a request can never speak for another
 * principal. `aws:userid` is known for the account root only; for sessions and users it is what the
 * caller of the evaluator passes.
 *
 * @see IAM User Guide, "AWS global condition context keys"
 */
export function requestContext(
  caller: Caller,
  resource: string,
  values: ContextValues,
): RequestContext {
  const context = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const key = name.toLowerCase();
    const added = typeof value === 'object' ? value : [String(value)];
    context.set(key, [...(context.get(key) ?? []), ...added]);
  }
  for (const [key, value] of Object.entries(callerKeys(caller))) {
    if (value === undefined) context.delete(key);
    else context.set(key, [value]);
  }
  if (caller.type === 'Root') context.set('aws:userid', [caller.accountId]);
  const owner = resourceAccount(resource, context);
  if (owner !== undefined) context.set('aws:resourceaccount', [owner]);
  return context;
}

/** The value of a key that has exactly one, for policy variables. */
export function singleValue(context: RequestContext, key: string): string | undefined {
  const values = context.get(key.toLowerCase()) ?? [];
  return values.length === 1 ? values[0] : undefined;
}
