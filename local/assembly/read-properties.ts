import type * as z from 'zod';
import type { DeclaredResource } from '../api.ts';

/** A resource of a template holds something that the embedded cloud does not support, or that CloudFormation refuses. */
export class ResourcePropertyError extends Error {
  override readonly name = 'ResourcePropertyError';
  readonly code = 'ResourcePropertyError';
}

/**
 * Reads the properties of a resource with a strict schema.
 *
 * @throws ResourcePropertyError naming the stack, the logical id, the type and every property at fault.
 */
export function readProperties<Schema extends z.ZodType>(
  schema: Schema,
  { stack, logicalId, type, properties }: DeclaredResource,
): z.output<Schema> {
  const parsed = schema.safeParse(properties);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') return [`${path.join('.')}: ${issue.message}`];
    return issue.keys.map(
      (key) => `${[...path, key].join('.')} is not supported by the embedded cloud`,
    );
  });
  throw new ResourcePropertyError(`${stack}/${logicalId} (${type}): ${faults.join('; ')}`);
}
