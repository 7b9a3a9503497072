import type { CreatedResource } from '../api.ts';
import { AssemblyError } from './assembly-error.ts';
import type { AssemblyStack, Target } from './cloud-assembly.ts';
import { evaluateCondition, type Scope } from './intrinsics.ts';
import { stackParameters, systemParameter, type ParameterSources } from './stack-parameters.ts';

/** One stack while it is deployed: what its intrinsic functions can read so far. */
export class StackScope implements Scope {
  readonly region: string;
  readonly #stack: AssemblyStack;
  readonly #sources: ParameterSources;
  readonly #exports: ReadonlyMap<string, string>;
  readonly #parameters: ReadonlyMap<string, unknown>;
  readonly #created = new Map<string, CreatedResource>();

  constructor(
    stack: AssemblyStack,
    target: Target,
    sources: ParameterSources,
    exports: ReadonlyMap<string, string>,
  ) {
    this.region = target.region;
    this.#stack = stack;
    this.#sources = sources;
    this.#exports = exports;
    this.#parameters = stackParameters(stack, target, sources);
  }

  keep(logicalId: string, created: CreatedResource): void {
    this.#created.set(logicalId, created);
  }

  ref(name: string): unknown {
    return this.#parameters.get(name) ?? this.#resource(name, 'Ref').ref;
  }

  attribute(logicalId: string, attribute: string): string {
    const value = this.#resource(logicalId, 'Fn::GetAtt').attributes?.[attribute];
    if (value !== undefined) return value;
    const type = this.#stack.template.Resources[logicalId]?.Type ?? '';
    throw new AssemblyError(
      `${this.#stack.name}/${logicalId} (${type}): the attribute ${attribute} is not supported by the embedded cloud`,
    );
  }

  importValue(name: string): string {
    const value = this.#exports.get(name);
    if (value === undefined)
      throw new AssemblyError(`${this.#stack.name}: no stack deployed so far exports ${name}`);
    return value;
  }

  mapping(map: string, first: string, second: string): unknown {
    const value = this.#stack.template.Mappings[map]?.[first]?.[second];
    if (value === undefined)
      throw new AssemblyError(
        `${this.#stack.name}: Fn::FindInMap: there is no ${map}.${first}.${second}`,
      );
    return value;
  }

  condition(name: string): boolean {
    const { Conditions } = this.#stack.template;
    if (!(name in Conditions))
      throw new AssemblyError(`${this.#stack.name}: there is no condition ${name}`);
    return evaluateCondition(Conditions[name], this);
  }

  systemParameter(name: string): string {
    return systemParameter(name, this.#sources);
  }

  #resource(logicalId: string, what: string): CreatedResource {
    const created = this.#created.get(logicalId);
    if (created === undefined)
      throw new AssemblyError(
        `${this.#stack.name}: ${what}: ${logicalId} does not exist or is left out by a condition`,
      );
    return created;
  }
}
