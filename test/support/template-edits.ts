import type { ResolvedResource } from './resolve.ts';
import type { StackTemplate } from './synth.ts';

/** The templates of a study by the stack's id. */
export type Templates = Readonly<Record<string, StackTemplate>>;

/** Any object of a template. */
export type Json = Record<string, unknown>;

/** The resources of some types. */
export const ofType = (resources: readonly ResolvedResource[], ...types: string[]) =>
  resources.filter(({ type }) => types.includes(type));

/** Walks into an object of a template. */
export const at = (properties: Json, ...path: (string | number)[]): Json =>
  path.reduce<Json>((value, key) => value[key] as Json, properties);

/**
 * A copy of the templates in which one resource's properties were changed: what an invariant has to
 * find out. The resource is named by how its logical id begins.
 */
export function breakResource(
  intact: Templates,
  stack: string,
  idPrefix: string,
  change: (properties: Json) => void,
): Templates {
  const templates = structuredClone(intact);
  const [, resource] = Object.entries(templates[stack]!.Resources).find(([id]) =>
    id.startsWith(idPrefix),
  )!;
  change(resource.Properties);
  return templates;
}
