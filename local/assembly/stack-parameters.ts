import { AssemblyError } from './assembly-error.ts';
import type { AssemblyStack, Target } from './cloud-assembly.ts';
import type { TemplateParameter } from './template.ts';

/** Types whose value is used as it is. */
const plainTypes = new Set(['String', 'Number']);

/** Type of a parameter whose value is the name of a parameter of Systems Manager. */
const systemParameterType = /^AWS::SSM::Parameter::Value<(.+)>$/;

/** Where CDK looks up whether an account is bootstrapped; nothing is bootstrapped here. */
const bootstrapVersion = /^\/cdk-bootstrap\/[^/]+\/version$/;

/** Where AWS publishes the ids of its images. */
const publicImage = /^\/aws\/service\/(?:ami-|ecs\/|eks\/)/;

/** What the values of a template's parameters come from. */
export interface ParameterSources {
  /** A parameter of Systems Manager that the templates declare. */
  systemParameter(name: string): string | undefined;
  /** The image that stands for each of AWS's: the embedded cloud boots no image. */
  readonly imageId: string;
}

/**
 * The value of a parameter of Systems Manager, as templates refer to it.
 *
 * @throws AssemblyError for one that neither a template nor the embedded cloud has.
 */
export function systemParameter(name: string, sources: ParameterSources): string {
  if (bootstrapVersion.test(name)) return '21';
  if (publicImage.test(name)) return sources.imageId;
  const value = sources.systemParameter(name);
  if (value === undefined)
    throw new AssemblyError(
      `the Systems Manager parameter ${name} is declared by no template deployed so far`,
    );
  return value;
}

function valueOf(
  name: string,
  { Type, Default, AllowedValues }: TemplateParameter,
  stack: AssemblyStack,
  sources: ParameterSources,
): string | string[] {
  const given = stack.parameters[name] ?? Default;
  const where = `${stack.name}: parameter ${name}`;
  if (given === undefined) throw new AssemblyError(`${where} has no value`);
  if (AllowedValues !== undefined && !AllowedValues.map(String).includes(String(given)))
    throw new AssemblyError(`${where} has a value that is not allowed`);
  if (plainTypes.has(Type)) return String(given);
  if (Type === 'CommaDelimitedList')
    return String(given)
      .split(',')
      .map((item) => item.trim());
  if (systemParameterType.test(Type)) return systemParameter(String(given), sources);
  throw new AssemblyError(`${where}: the type ${Type} is not supported by the embedded cloud`);
}

/** Stands for a stack's id; the last part is the same on every run. */
export function stackId(stack: string, { accountId, region }: Target): string {
  return `arn:aws:cloudformation:${region}:${accountId}:stack/${stack}/00000000-0000-4000-8000-000000000000`;
}

/** Values of a stack's parameters and of the pseudo parameters, by the name that `Ref` uses. */
export function stackParameters(
  stack: AssemblyStack,
  target: Target,
  sources: ParameterSources,
): Map<string, unknown> {
  const declared = Object.entries(stack.template.Parameters).map(
    ([name, parameter]) => [name, valueOf(name, parameter, stack, sources)] as const,
  );
  return new Map<string, unknown>([
    ['AWS::AccountId', target.accountId],
    ['AWS::Region', target.region],
    ['AWS::Partition', 'aws'],
    ['AWS::URLSuffix', 'amazonaws.com'],
    ['AWS::StackName', stack.name],
    ['AWS::StackId', stackId(stack.name, target)],
    ['AWS::NotificationARNs', []],
    ...declared,
  ]);
}
