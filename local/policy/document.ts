import * as z from 'zod';
import { acceptsValue, readOperator } from './condition-operator.ts';
import { hasVariables, unknownVariable } from './policy-variable.ts';
import { isAwsPrincipal, isServicePrincipal, type Principal } from './principal.ts';
import { UnsupportedPolicyError } from './unsupported-policy-error.ts';

/** One statement with every list written as a list and every condition value as text. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  /** Present in resource-based policies, absent in identity policies. */
  readonly Principal?: Principal;
  /** Exactly one of `Action` and `NotAction` is present. */
  readonly Action?: readonly string[];
  readonly NotAction?: readonly string[];
  /**
   * One of `Resource` and `NotResource` is present, except in a role's trust policy, which has
   * neither.
   */
  readonly Resource?: readonly string[];
  readonly NotResource?: readonly string[];
  /** Operator, context key, values: all operators and keys must hold. */
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** A policy that the evaluator understands in full. */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: readonly Statement[];
}

function listOf<T extends z.ZodType>(item: T) {
  return z
    .union([item, z.array(item).min(1)])
    .transform((value): z.output<T>[] => (Array.isArray(value) ? value : [value]));
}

function texts(form: RegExp, expected: string) {
  return listOf(z.string().regex(form, expected)).optional();
}

const actions = texts(/^(?:\*|[\w*?-]+:[\w*?-]+)$/, 'must be * or service:Action');
const resources = texts(/^(?:\*|arn:.+)$/, 'must be * or an ARN');
const conditionValues = listOf(z.union([z.string(), z.number(), z.boolean()]).transform(String));
const conditionKey = z.string().regex(/^[\w-]+:.+$/, 'must be a context key such as aws:SourceArn');

const principal = z.union([
  z.literal('*').transform((any): Principal => ({ AWS: [any], Service: [] })),
  z
    .strictObject({
      AWS: listOf(
        z
          .string()
          .refine(isAwsPrincipal, 'must be *, an account, a role, a user or a role session'),
      ).optional(),
      Service: listOf(
        z.string().refine(isServicePrincipal, 'must be a service such as s3.amazonaws.com'),
      ).optional(),
    })
    .refine((value) => Object.keys(value).length > 0, 'must name a principal')
    .transform((value): Principal => ({ AWS: value.AWS ?? [], Service: value.Service ?? [] })),
]);

const statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: principal.optional(),
  Action: actions,
  NotAction: actions,
  Resource: resources,
  NotResource: resources,
  Condition: z.record(z.string(), z.record(conditionKey, conditionValues)).optional(),
});

const document = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']).optional(),
  Id: z.string().optional(),
  Statement: listOf(statement),
});

/**
 * Keys that hold several values in one request, which no operator can compare without saying all or
 * any.
 */
const multivaluedKeys = new Set([
  'aws:calledvia',
  'aws:principalorgpaths',
  'aws:principalservicenameslist',
  'aws:tagkeys',
  'dynamodb:attributes',
  'dynamodb:leadingkeys',
  'kms:encryptioncontextkeys',
  'kms:grantoperations',
  'kms:resourcealiases',
]);

type Refuse = (element: string, reason: string) => never;

function checkVariables(
  text: string,
  element: string,
  version: string | undefined,
  refuse: Refuse,
): void {
  if (!hasVariables(text)) return;
  if (version !== '2012-10-17') refuse(element, 'policy variables need Version 2012-10-17');
  const unknown = unknownVariable(text);
  if (unknown !== undefined) refuse(element, `${unknown} is not supported`);
}

function checkCondition(
  name: string,
  key: string,
  values: readonly string[],
  version: string | undefined,
  refuse: Refuse,
) {
  const operator = readOperator(name);
  if (operator === undefined) return refuse(name, 'this condition operator is not supported');
  const element = `${name}.${key}`;
  const needsSet =
    multivaluedKeys.has(key.toLowerCase()) &&
    operator.operator !== 'Null' &&
    operator.set === undefined;
  if (needsSet) refuse(element, 'a key with several values needs ForAllValues or ForAnyValue');
  for (const value of values) {
    const takesVariables = operator.operator !== 'Null' && operator.operator.variables;
    if (takesVariables) checkVariables(value, element, version, refuse);
    if (!acceptsValue(operator, value))
      refuse(element, 'a value has not the form this operator needs');
  }
}

function checkStatement(statement: Statement, version: string | undefined, refuse: Refuse): void {
  const { Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  if ((Action === undefined) === (NotAction === undefined))
    refuse('Action', 'give either Action or NotAction');
  const isTrust =
    statement.Principal !== undefined &&
    Action?.every((action) => action.startsWith('sts:')) === true;
  if (Resource !== undefined && NotResource !== undefined)
    refuse('Resource', 'give either Resource or NotResource');
  if (Resource === undefined && NotResource === undefined && !isTrust)
    refuse('Resource', 'is missing');
  for (const resource of [...(Resource ?? []), ...(NotResource ?? [])]) {
    checkVariables(resource, 'Resource', version, refuse);
    // AWS gives variables a value only in the part of an ARN that names the resource.
    if (/^(?:[^:]*:){0,4}[^:]*\$\{/.test(resource))
      refuse('Resource', 'a variable may only follow the fifth colon');
  }
  for (const [name, keys] of Object.entries(Condition)) {
    for (const [key, values] of Object.entries(keys)) {
      checkCondition(name, key, values, version, (element, reason) =>
        refuse(`Condition.${element}`, reason),
      );
    }
  }
}

function refuseIssue(issue: z.core.$ZodIssue | undefined, where: string): never {
  const keys = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const element = [...(issue?.path ?? []), ...keys].map(String).join('.');
  const reason = keys.length > 0 ? 'is not supported' : (issue?.message ?? 'is not a policy');
  throw new UnsupportedPolicyError(where, element === '' ? 'policy' : element, reason);
}

/**
 * The issue inside the alternative that came closest: a union alone says only that no alternative
 * fits.
 */
function deepest(issue: z.core.$ZodIssue | undefined): z.core.$ZodIssue | undefined {
  if (issue?.code !== 'invalid_union') return issue;
  const inner = issue.errors
    .flat()
    .map((nested) => deepest({ ...nested, path: [...issue.path, ...nested.path] }))
    .filter((nested) => nested !== undefined)
    .sort((left, right) => right.path.length - left.path.length);
  return inner.find((nested) => nested.code === 'unrecognized_keys') ?? inner[0] ?? issue;
}

/**
 * Reads a policy out of a resolved template.
 *
 * `where` names it in errors. Everything that the evaluator would have to ignore is refused here:
 * unknown elements, `NotPrincipal`, federated and canonical-user principals, condition operators
 * and policy variables not implemented, condition values of the wrong form. Context keys are not
 * checked: only the services know which ones they supply.
 *
 * @throws UnsupportedPolicyError naming `where` and the element.
 */
export function parsePolicy(value: unknown, where: string): PolicyDocument {
  const parsed = document.safeParse(value);
  if (!parsed.success) return refuseIssue(deepest(parsed.error.issues[0]), where);
  parsed.data.Statement.forEach((statement, index) => {
    checkStatement(statement, parsed.data.Version, (element, reason) => {
      throw new UnsupportedPolicyError(where, `Statement.${String(index)}.${element}`, reason);
    });
  });
  return parsed.data;
}
