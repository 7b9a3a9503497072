import * as z from 'zod';

/** One resource of a template, its intrinsics still in it. */
export const TemplateResource = z.strictObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).optional(),
  DependsOn: z.union([z.string(), z.array(z.string())]).optional(),
  Condition: z.string().optional(),
  Metadata: z.unknown().optional(),
  /** Nothing is ever deleted or replaced one by one here: the whole cloud ends at once. */
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});
export type TemplateResource = z.infer<typeof TemplateResource>;

/** One parameter of a template. */
export const TemplateParameter = z.strictObject({
  Type: z.string(),
  Default: z.union([z.string(), z.number()]).optional(),
  Description: z.string().optional(),
  AllowedValues: z.array(z.union([z.string(), z.number()])).optional(),
});
export type TemplateParameter = z.infer<typeof TemplateParameter>;

/** One output of a template. */
export const TemplateOutput = z.strictObject({
  Value: z.unknown(),
  Description: z.string().optional(),
  Condition: z.string().optional(),
  Export: z.strictObject({ Name: z.unknown() }).optional(),
});
export type TemplateOutput = z.infer<typeof TemplateOutput>;

/**
 * A CloudFormation template as `cdk synth` writes it.
 *
 * Strict: a section that is not listed (`Transform`, `Hooks`) is refused. Of `Rules` only CDK's own check of the
 * bootstrap version is known, and passed over: nothing is bootstrapped here.
 */
export const Template = z.strictObject({
  AWSTemplateFormatVersion: z.string().optional(),
  Description: z.string().optional(),
  Metadata: z.unknown().optional(),
  Parameters: z.record(z.string(), TemplateParameter).default({}),
  Mappings: z
    .record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown())))
    .default({}),
  Conditions: z.record(z.string(), z.unknown()).default({}),
  Rules: z.strictObject({ CheckBootstrapVersion: z.unknown() }).optional(),
  Resources: z.record(z.string(), TemplateResource).default({}),
  Outputs: z.record(z.string(), TemplateOutput).default({}),
});
export type Template = z.infer<typeof Template>;
