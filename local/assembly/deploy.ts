import type { CreatedResource, DeclaredResource, ResourceHandler } from '../api.ts';
import { AssemblyError } from './assembly-error.ts';
import type { AssemblyStack, CloudAssembly, Target } from './cloud-assembly.ts';
import { isCustomType } from './custom-resource.ts';
import { resolveIntrinsics } from './intrinsics.ts';
import { ResourcePropertyError } from './read-properties.ts';
import { resourceNeeds } from './resource-order.ts';
import type { ParameterSources } from './stack-parameters.ts';
import { StackScope } from './stack-scope.ts';

/** What later stacks can name in `{{resolve:ssm:...}}` and in the types of their parameters. */
const systemParameterType = 'AWS::SSM::Parameter';

/** What CDK counts its users by: nothing is created for it. */
const silentType = 'AWS::CDK::Metadata';

/** What a deployment takes. */
export interface DeploymentSurroundings {
  readonly target: Target;
  readonly handlers: readonly ResourceHandler[];
  readonly createCustom: ResourceHandler['create'];
  /** The image that stands for each of AWS's: machines here boot none. */
  readonly imageId: string;
}

/** Values of each stack's outputs, by stack and name of the output. */
export type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

type Create = ResourceHandler['create'];

function creators({
  handlers,
  createCustom,
}: DeploymentSurroundings): (type: string) => Create | undefined {
  const byType = new Map<string, Create>(
    handlers.map((handler) => [handler.type, (resource) => handler.create(resource)]),
  );
  return (type) => byType.get(type) ?? (isCustomType(type) ? createCustom : undefined);
}

function refuseUnsupported(
  stacks: readonly AssemblyStack[],
  creator: (type: string) => Create | undefined,
): void {
  const unsupported = stacks.flatMap(({ name, template }) =>
    Object.entries(template.Resources)
      .filter(([, { Type }]) => Type !== silentType && creator(Type) === undefined)
      .map(([logicalId, { Type }]) => `${Type} (${name}/${logicalId})`),
  );
  if (unsupported.length > 0) {
    throw new AssemblyError(
      `resource types that the embedded cloud does not support: ${unsupported.sort().join(', ')}`,
    );
  }
}

/** Says in which resource an error arose, unless it does so itself. */
function placed(error: unknown, { stack, logicalId, type }: DeclaredResource): Error {
  if (error instanceof ResourcePropertyError) return error;
  const message = error instanceof Error ? error.message : 'failed';
  const where = `${stack}/${logicalId}`;
  return new AssemblyError(message.startsWith(where) ? message : `${where} (${type}): ${message}`, {
    cause: error,
  });
}

async function createResource(
  stack: AssemblyStack,
  logicalId: string,
  scope: StackScope,
  create: Create,
): Promise<CreatedResource> {
  const { Type: type, Properties = {} } = stack.template.Resources[logicalId] ?? { Type: '' };
  const bare: DeclaredResource = {
    stack: stack.name,
    logicalId,
    type,
    properties: {},
    tags: stack.tags,
  };
  try {
    const properties = resolveIntrinsics(Properties, scope) as DeclaredResource['properties'];
    return await create({ ...bare, properties });
  } catch (error) {
    throw placed(error, bare);
  }
}

/** Creates a stack's resources, each as soon as what it needs is there. */
async function createResources(
  stack: AssemblyStack,
  scope: StackScope,
  creator: (type: string) => Create | undefined,
  systemParameters: Map<string, string>,
): Promise<void> {
  const needs = resourceNeeds(stack);
  const begun = new Map<string, Promise<void>>();
  const begin = (logicalId: string): Promise<void> => {
    const running = begun.get(logicalId);
    if (running !== undefined) return running;
    const created = run(logicalId);
    begun.set(logicalId, created);
    return created;
  };
  const run = async (logicalId: string): Promise<void> => {
    const { Type, Condition } = stack.template.Resources[logicalId] ?? {};
    const create = creator(Type ?? '');
    if (create === undefined || (Condition !== undefined && !scope.condition(Condition))) return;
    await Promise.all((needs.get(logicalId) ?? []).map(begin));
    const created = await createResource(stack, logicalId, scope, create);
    scope.keep(logicalId, created);
    const value = Type === systemParameterType ? created.attributes?.Value : undefined;
    if (value !== undefined) systemParameters.set(created.ref, value);
  };
  // All are awaited even when one failed, so that nothing is created behind the error's back.
  const ends = await Promise.allSettled([...needs.keys()].map(begin));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function readOutputs(
  { name: stack, template }: AssemblyStack,
  scope: StackScope,
  exports: Map<string, string>,
): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [name, output] of Object.entries(template.Outputs)) {
    if (output.Condition !== undefined && !scope.condition(output.Condition)) continue;
    const value = resolveIntrinsics(output.Value, scope);
    if (typeof value !== 'string') throw new AssemblyError(`${stack}: output ${name} is not text`);
    outputs[name] = value;
    if (output.Export === undefined) continue;
    const exported = String(resolveIntrinsics(output.Export.Name, scope));
    if (exports.has(exported)) throw new AssemblyError(`${stack}: ${exported} is exported already`);
    exports.set(exported, value);
  }
  return outputs;
}

/**
 * Creates everything that a cloud assembly declares, stack by stack.
 *
 * @throws AssemblyError before anything is created when a resource type is not supported, with all of them; later with
 * the resource at fault.
 */
export async function deploy(
  { stacks }: CloudAssembly,
  surroundings: DeploymentSurroundings,
): Promise<Outputs> {
  const creator = creators(surroundings);
  refuseUnsupported(stacks, creator);
  const exports = new Map<string, string>();
  const systemParameters = new Map<string, string>();
  const sources: ParameterSources = {
    imageId: surroundings.imageId,
    systemParameter: (name) => systemParameters.get(name),
  };
  const outputs: Record<string, Record<string, string>> = {};
  for (const stack of stacks) {
    const scope = new StackScope(stack, surroundings.target, sources, exports);
    await createResources(stack, scope, creator, systemParameters);
    outputs[stack.name] = readOutputs(stack, scope, exports);
  }
  return outputs;
}
