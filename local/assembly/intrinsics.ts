import { AssemblyError } from './assembly-error.ts';

/** What intrinsic functions read: the stack as far as it is deployed. */
export interface Scope {
  /** Value of a `Ref` to a parameter or resource; pseudo parameters are among them. */
  ref(name: string): unknown;
  attribute(logicalId: string, attribute: string): unknown;
  importValue(name: string): string;
  mapping(map: string, first: string, second: string): unknown;
  condition(name: string): boolean;
  /** Value of `{{resolve:ssm:NAME}}`. */
  systemParameter(name: string): string;
  readonly region: string;
}

type Resolve = (value: unknown) => unknown;

/** Stands for a property that is to be left out: `AWS::NoValue`. */
const noValue = Symbol('AWS::NoValue');

const conditionFunctions = new Set(['Fn::Equals', 'Fn::And', 'Fn::Or', 'Fn::Not']);

function text(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new AssemblyError(`${where} must be text`);
}

function list(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new AssemblyError(`${where} must be a list`);
}

function getAttribute(argument: unknown, scope: Scope, resolve: Resolve): unknown {
  const [logicalId, ...names] =
    typeof argument === 'string' ? argument.split('.') : list(argument, 'Fn::GetAtt');
  const attribute = names.map((name) => text(resolve(name), 'Fn::GetAtt')).join('.');
  return scope.attribute(text(logicalId, 'Fn::GetAtt'), attribute);
}

function substitute(argument: unknown, scope: Scope, resolve: Resolve): string {
  const [pattern, given = {}] = Array.isArray(argument) ? (argument as unknown[]) : [argument];
  const variables = new Map<string, unknown>(Object.entries(resolve(given) as object));
  const valueOf = (name: string): unknown => {
    if (variables.has(name)) return variables.get(name);
    const dot = name.indexOf('.');
    return dot < 0 ? scope.ref(name) : scope.attribute(name.slice(0, dot), name.slice(dot + 1));
  };
  return text(pattern, 'Fn::Sub').replace(/\$\{([^}]*)\}/g, (_whole, inner: string) => {
    if (inner.startsWith('!')) return `\${${inner.slice(1)}}`;
    const name = inner.trim();
    return text(valueOf(name), `Fn::Sub \${${name}}`);
  });
}

function join(argument: unknown, resolve: Resolve): string {
  const [delimiter, values] = list(argument, 'Fn::Join');
  return list(resolve(values), 'Fn::Join')
    .map((value) => text(value, 'Fn::Join'))
    .join(text(delimiter, 'Fn::Join'));
}

function select(argument: unknown, resolve: Resolve): unknown {
  const [index, values] = list(argument, 'Fn::Select');
  const items = list(resolve(values), 'Fn::Select');
  const item = items[Number(text(resolve(index), 'Fn::Select'))];
  if (item === undefined) throw new AssemblyError('Fn::Select: the list has no such item');
  return item;
}

function split(argument: unknown, resolve: Resolve): string[] {
  const [delimiter, value] = list(argument, 'Fn::Split');
  return text(resolve(value), 'Fn::Split').split(text(delimiter, 'Fn::Split'));
}

function findInMap(argument: unknown, scope: Scope, resolve: Resolve): unknown {
  const [map, first, second] = list(resolve(argument), 'Fn::FindInMap').map((key) =>
    text(key, 'Fn::FindInMap'),
  );
  return scope.mapping(map ?? '', first ?? '', second ?? '');
}

function choose(argument: unknown, scope: Scope, resolve: Resolve): unknown {
  const [name, yes, no] = list(argument, 'Fn::If');
  return resolve(scope.condition(text(name, 'Fn::If')) ? yes : no);
}

function availabilityZones(argument: unknown, scope: Scope, resolve: Resolve): string[] {
  const region = text(resolve(argument), 'Fn::GetAZs');
  return ['a', 'b', 'c'].map((letter) => `${region === '' ? scope.region : region}${letter}`);
}

/** Whether a value is one intrinsic function: an object with a single key that says so. */
function asFunction(value: object): [name: string, argument: unknown] | undefined {
  const [entry, ...others] = Object.entries(value);
  if (entry === undefined || others.length > 0) return undefined;
  const [name] = entry;
  return name === 'Ref' || name.startsWith('Fn::') ? entry : undefined;
}

function call(name: string, argument: unknown, scope: Scope, resolve: Resolve): unknown {
  switch (name) {
    case 'Ref':
      return argument === 'AWS::NoValue' ? noValue : scope.ref(text(argument, 'Ref'));
    case 'Fn::GetAtt':
      return getAttribute(argument, scope, resolve);
    case 'Fn::Sub':
      return substitute(argument, scope, resolve);
    case 'Fn::Join':
      return join(argument, resolve);
    case 'Fn::Select':
      return select(argument, resolve);
    case 'Fn::Split':
      return split(argument, resolve);
    case 'Fn::ImportValue':
      return scope.importValue(text(resolve(argument), 'Fn::ImportValue'));
    case 'Fn::GetAZs':
      return availabilityZones(argument, scope, resolve);
    case 'Fn::Base64':
      return Buffer.from(text(resolve(argument), 'Fn::Base64')).toString('base64');
    case 'Fn::FindInMap':
      return findInMap(argument, scope, resolve);
    case 'Fn::If':
      return choose(argument, scope, resolve);
    default:
      throw new AssemblyError(
        conditionFunctions.has(name)
          ? `${name} is possible in Conditions only`
          : `the intrinsic function ${name} is not supported by the embedded cloud`,
      );
  }
}

/** `{{resolve:ssm:NAME}}` or `{{resolve:ssm:NAME:VERSION}}`; every other service is refused. */
const dynamicReference = /\{\{resolve:([a-z-]+):([^}]*)\}\}/g;

function resolveText(value: string, scope: Scope): string {
  if (!value.includes('{{resolve:')) return value;
  return value.replace(dynamicReference, (_whole, service: string, reference: string) => {
    if (service !== 'ssm')
      throw new AssemblyError(
        `the dynamic reference {{resolve:${service}:...}} is not supported by the embedded cloud`,
      );
    return scope.systemParameter(reference.replace(/:\d+$/, ''));
  });
}

/**
 * Resolves the intrinsic functions in a value of a template.
 *
 * @throws AssemblyError for a function that is not supported, by name, and for a reference to nothing.
 * @see AWS CloudFormation User Guide, "Intrinsic function reference"
 */
export function resolveIntrinsics(value: unknown, scope: Scope): unknown {
  const resolve: Resolve = (inner) => {
    if (typeof inner === 'string') return resolveText(inner, scope);
    if (Array.isArray(inner)) return inner.map(resolve).filter((item) => item !== noValue);
    if (typeof inner !== 'object' || inner === null) return inner;
    const intrinsic = asFunction(inner);
    if (intrinsic !== undefined) {
      const answer = call(...intrinsic, scope, resolve);
      // A dynamic reference may have been put together from parts.
      return typeof answer === 'string' ? resolveText(answer, scope) : answer;
    }
    const entries = Object.entries(inner).map(([key, item]) => [key, resolve(item)] as const);
    return Object.fromEntries(entries.filter(([, item]) => item !== noValue));
  };
  const resolved = resolve(value);
  return resolved === noValue ? undefined : resolved;
}

/**
 * Evaluates a condition of a template.
 *
 * @throws AssemblyError for a function that no condition may use.
 */
export function evaluateCondition(value: unknown, scope: Scope): boolean {
  const [entry] = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entry === undefined) throw new AssemblyError('a condition must be a function');
  const [name, argument] = entry as [string, unknown];
  const all = (): boolean[] => list(argument, name).map((item) => evaluateCondition(item, scope));
  switch (name) {
    case 'Condition':
      return scope.condition(text(argument, 'Condition'));
    case 'Fn::Equals': {
      const [left, right] = list(resolveIntrinsics(argument, scope), name);
      return text(left, name) === text(right, name);
    }
    case 'Fn::And':
      return all().every(Boolean);
    case 'Fn::Or':
      return all().some(Boolean);
    case 'Fn::Not':
      return !all()[0];
    default:
      throw new AssemblyError(`${name} is not supported in a condition by the embedded cloud`);
  }
}
