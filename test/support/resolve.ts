import type { StackTemplate } from './synth.ts';

/** A resource of a study with every intrinsic replaced by a value that could be real. */
export interface ResolvedResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** What `Ref` answers, and `Fn::GetAtt` of `Arn`. */
  readonly ref: string;
  readonly arn: string;
}

export const account = '111122223333';
export const region = 'us-east-1';

const pseudo: Record<string, string> = {
  'AWS::AccountId': account,
  'AWS::Region': region,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackName': 'stack',
  'AWS::StackId': 'stack-id',
};

type Templates = Readonly<Record<string, StackTemplate>>;

const refOf = (templates: Templates, stack: string, id: string): string => {
  const resource = templates[stack]!.Resources[id];
  const { RoleName, QueueName } = resource?.Properties ?? {};
  if (typeof RoleName === 'string') return RoleName;
  if (typeof QueueName === 'string') return QueueName;
  // The `Ref` of these is their ARN.
  if (resource?.Type === 'AWS::SNS::Topic') return `arn:aws:sns:${region}:${account}:${id}`;
  if (resource?.Type === 'AWS::StepFunctions::StateMachine') {
    return `arn:aws:states:${region}:${account}:stateMachine:${id}`;
  }
  return resource?.Type === 'AWS::S3::Bucket' ? `czarhipaa-${stack}-${id}`.toLowerCase() : id;
};

function arnOf(templates: Templates, stack: string, id: string): string {
  const ref = refOf(templates, stack, id);
  const type = templates[stack]!.Resources[id]!.Type;
  const place = `${region}:${account}`;
  const forms: Record<string, string> = {
    'AWS::IAM::Role': `arn:aws:iam::${account}:role/${ref}`,
    'AWS::S3::Bucket': `arn:aws:s3:::${ref}`,
    'AWS::KMS::Key': `arn:aws:kms:${place}:key/${ref}`,
    'AWS::DynamoDB::Table': `arn:aws:dynamodb:${place}:table/${ref}`,
    'AWS::Lambda::Function': `arn:aws:lambda:${place}:function:${ref}`,
  };
  if (ref.startsWith('arn:')) return ref;
  return forms[type] ?? `arn:aws:${type.split('::')[1]!.toLowerCase()}:${place}:${ref}`;
}

function resolve(templates: Templates, stack: string, value: unknown): unknown {
  const again = (inner: unknown) => resolve(templates, stack, inner);
  const text = (inner: unknown) => String(again(inner));
  if (Array.isArray(value)) return value.map(again);
  if (typeof value !== 'object' || value === null) return value;
  const [[key, argument] = ['', undefined], ...others] = Object.entries(value);
  if (others.length === 0) {
    if (key === 'Ref') return pseudo[String(argument)] ?? refOf(templates, stack, String(argument));
    if (key === 'Fn::GetAtt') {
      const [id, attribute] = argument as [string, string];
      return attribute === 'Arn' ? arnOf(templates, stack, id) : `${id}.${attribute}`;
    }
    if (key === 'Fn::Join') {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map(text).join(separator);
    }
    if (key === 'Fn::Sub') {
      return String(argument).replace(
        /\$\{([^}]+)\}/g,
        (_, name: string) => pseudo[name] ?? refOf(templates, stack, name),
      );
    }
    if (key === 'Fn::ImportValue') return resolveImport(templates, String(argument));
    if (key === 'Fn::Base64') return text(argument);
    if (key.startsWith('Fn::')) return `${key} of ${stack}`;
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, again(inner)]));
}

function resolveImport(templates: Templates, name: string): unknown {
  for (const [stack, { Outputs = {} }] of Object.entries(templates)) {
    for (const output of Object.values(Outputs)) {
      const { Value, Export } = output as { Value: unknown; Export?: { Name: string } };
      if (Export?.Name === name) return resolve(templates, stack, Value);
    }
  }
  throw new Error(`no stack exports ${name}`);
}

/** Resolves all templates of a study, imports between its stacks included. */
export function resolveStudy(templates: Templates): ResolvedResource[] {
  return Object.entries(templates).flatMap(([stack, { Resources }]) =>
    Object.entries(Resources).map(([logicalId, { Type, Properties }]) => ({
      stack,
      logicalId,
      type: Type,
      properties: resolve(templates, stack, Properties) as Record<string, unknown>,
      ref: refOf(templates, stack, logicalId),
      arn: arnOf(templates, stack, logicalId),
    })),
  );
}

/** Finds the one resource of a type whose logical id begins with a text. */
export function findResource(
  resources: readonly ResolvedResource[],
  type: string,
  idPrefix: string,
): ResolvedResource {
  const found = resources.filter(
    (resource) => resource.type === type && resource.logicalId.startsWith(idPrefix),
  );
  if (found.length !== 1) throw new Error(`${found.length} resources ${type} ${idPrefix}`);
  return found[0]!;
}
