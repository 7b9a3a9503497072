import * as z from 'zod';
import { ApiError, type DeclaredResource } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';

const Parameter = z.strictObject({
  type: z.literal('String'),
  description: z.string().optional(),
  allowedPattern: z.string().optional(),
  default: z.string().optional(),
});

const Step = z.strictObject({
  action: z.literal('aws:runShellScript'),
  name: z.string(),
  inputs: z.strictObject({
    runCommand: z.array(z.string()).min(1),
    /** SSM's own default is one hour, its limit two days. */
    timeoutSeconds: z.coerce.number().int().min(1).max(172_800).default(3600),
  }),
});

const Content = z
  .strictObject({
    schemaVersion: z.literal('2.2'),
    description: z.string().optional(),
    parameters: z.record(z.string(), Parameter).default({}),
    mainSteps: z.tuple([Step]),
  })
  .refine(
    ({ parameters, mainSteps: [step] }) =>
      placeholders(step).every((name) => Object.hasOwn(parameters, name)),
    {
      message: 'runCommand names a parameter that is not declared',
      path: ['mainSteps'],
    },
  );

const Properties = z.strictObject({
  Name: z.string().optional(),
  DocumentType: z.literal('Command'),
  DocumentFormat: z.literal('JSON').optional(),
  TargetType: z.literal(['/', '/AWS::EC2::Instance']).optional(),
  UpdateMethod: z.enum(['NewVersion', 'Replace']).optional(),
  Content,
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional(),
});

/** A Command document of schema 2.2 with one shell step: the only form the embedded SSM runs. */
export interface CommandDocument {
  readonly name: string;
  readonly content: z.infer<typeof Content>;
}

/** Reads a declared `AWS::SSM::Document`; what it cannot run is refused by name. */
export function readCommandDocument(resource: DeclaredResource, newName: string): CommandDocument {
  const { Name = newName, Content: content } = readProperties(Properties, resource);
  return { name: Name, content };
}

/**
 * Fills a document's parameters into its script, as SSM does: by text, which is why
 * `allowedPattern` is what keeps a parameter from being shell.
 *
 * @throws ApiError InvalidParameters where one is missing, unknown, or not of its pattern.
 */
export function renderScript(
  { content: { parameters, mainSteps } }: CommandDocument,
  given: Readonly<Record<string, readonly string[]>>,
): string {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(parameters, name)) throw invalid(name, 'is not in the document');
  }
  const values = new Map(
    Object.entries(parameters).map(([name, { default: otherwise, allowedPattern }]) => {
      const value = given[name]?.[0] ?? otherwise;
      if (value === undefined) throw invalid(name, 'is missing');
      if (allowedPattern !== undefined && !new RegExp(allowedPattern).test(value)) {
        throw invalid(name, 'does not match its allowed pattern');
      }
      return [name, value];
    }),
  );
  const fill = (_: string, name: string): string => values.get(name) ?? '';
  const [{ inputs }] = mainSteps;
  return inputs.runCommand.map((line) => `${line.replace(placeholder, fill)}\n`).join('');
}

const placeholder = /\{\{\s*(\w+)\s*\}\}/g;

function placeholders({ inputs }: z.infer<typeof Step>): string[] {
  const found = inputs.runCommand.flatMap((line) => [...line.matchAll(placeholder)]);
  return found.map(([, name = '']) => name);
}

const invalid = (name: string, why: string): ApiError =>
  new ApiError('InvalidParameters', `Parameter ${name} ${why}`);
