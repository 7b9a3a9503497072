import { AssemblyError } from './assembly-error.ts';
import type { AssemblyStack } from './cloud-assembly.ts';
import { references } from './references.ts';
import type { TemplateResource } from './template.ts';

function dependsOn({ DependsOn = [] }: TemplateResource): readonly string[] {
  return typeof DependsOn === 'string' ? [DependsOn] : DependsOn;
}

function refuseCycles(stack: string, needs: ReadonlyMap<string, readonly string[]>): void {
  const done = new Set<string>();
  const visit = (logicalId: string, path: readonly string[]): void => {
    const start = path.indexOf(logicalId);
    if (start >= 0) {
      const cycle = [...path.slice(start), logicalId].join(' -> ');
      throw new AssemblyError(`${stack}: resources depend on each other: ${cycle}`);
    }
    if (done.has(logicalId)) return;
    for (const needed of needs.get(logicalId) ?? []) visit(needed, [...path, logicalId]);
    done.add(logicalId);
  };
  for (const logicalId of needs.keys()) visit(logicalId, []);
}

/**
 * The resources that each resource of a stack needs to be there before it, by what it refers to and by `DependsOn`.
 *
 * @throws AssemblyError for a reference to nothing, and for resources that need each other, by name.
 */
export function resourceNeeds({ name, template }: AssemblyStack): Map<string, readonly string[]> {
  const { Resources, Parameters } = template;
  const needs = new Map<string, readonly string[]>();
  for (const [logicalId, resource] of Object.entries(Resources)) {
    const needed = [...new Set([...references(resource.Properties), ...dependsOn(resource)])];
    const unknown = needed.find((id) => !(id in Resources) && !(id in Parameters));
    if (unknown !== undefined) {
      throw new AssemblyError(
        `${name}/${logicalId} refers to ${unknown}, which is neither a resource nor a parameter`,
      );
    }
    needs.set(
      logicalId,
      needed.filter((id) => id in Resources),
    );
  }
  refuseCycles(name, needs);
  return needs;
}
