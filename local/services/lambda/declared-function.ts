import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { DeclaredResource, Surroundings } from '../../api.ts';
import { readProperties, ResourcePropertyError } from '../../assembly/read-properties.ts';

/** A function as a template declares it. */
export interface DeclaredFunction {
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  /** Directory of the bundle. */
  readonly taskRoot: string;
  readonly handler: string;
  readonly runtime: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly logGroupName: string;
  readonly logFormat: 'Text' | 'JSON';
  /** How many invocations may run at once; more are throttled. */
  readonly reservedConcurrency: number | undefined;
  /** ARN of the queue that takes asynchronous events which were given up. */
  readonly deadLetterQueueArn: string | undefined;
}

/** Finds the directory of an asset that a template names. */
export type CodeOf = (bucket: string, key: string) => string | undefined;

const FunctionProperties = z.strictObject({
  /** A declaration only: the bundles are JavaScript and run on whatever the host is. */
  Architectures: z.tuple([z.enum(['arm64', 'x86_64'])]).optional(),
  Code: z.union([
    z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
    z.strictObject({ ZipFile: z.string() }),
  ]),
  DeadLetterConfig: z
    .strictObject({ TargetArn: z.string().regex(/^arn:[^:]+:sqs:/, 'must be a queue') })
    .optional(),
  Description: z.string().optional(),
  Environment: z.strictObject({ Variables: z.record(z.string(), z.string()) }).optional(),
  /** Not enforced: a function's temporary directory is as large as the host's disk. */
  EphemeralStorage: z.strictObject({ Size: z.coerce.number() }).optional(),
  FunctionName: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional(),
  Handler: z.string().regex(/^[\w/-]+\.\w+$/),
  LoggingConfig: z
    .strictObject({
      LogGroup: z.string().optional(),
      LogFormat: z.enum(['Text', 'JSON']).optional(),
    })
    .optional(),
  MemorySize: z.coerce.number().int().min(128).max(10_240).default(128),
  PackageType: z.literal('Zip').optional(),
  ReservedConcurrentExecutions: z.coerce.number().int().min(0).optional(),
  Role: z.string(),
  Runtime: z.enum(['nodejs20.x', 'nodejs22.x', 'nodejs24.x']),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional(),
  Timeout: z.coerce.number().int().min(1).max(900).default(3),
  /** Traces are not recorded. */
  TracingConfig: z.strictObject({ Mode: z.enum(['Active', 'PassThrough']) }).optional(),
});

/** What Lambda sets itself and refuses in a template. */
const reserved = /^(AWS_REGION|AWS_DEFAULT_REGION|AWS_ACCESS_KEY.*|AWS_S.*KEY|AWS_SESSION_TOKEN)$/;
const reservedNames = /^(AWS_(EXECUTION_ENV|LAMBDA_.*)|_HANDLER|_X_AMZN.*|LAMBDA_.*)$/;

/**
 * Reads an `AWS::Lambda::Function`.
 *
 * Every runtime is run by the Node that runs the embedded cloud.
 *
 * @throws ResourcePropertyError for what is not supported, code that is not in the assembly, and
 * environment variables that are Lambda's own.
 */
export function readFunction(
  resource: DeclaredResource,
  { accountId, region, partition, directory }: Surroundings,
  codeOf: CodeOf,
): DeclaredFunction {
  const read = readProperties(FunctionProperties, resource);
  const refuse = (property: string, reason: string): never => {
    throw new ResourcePropertyError(
      `${resource.stack}/${resource.logicalId} (${resource.type}): ${property}: ${reason}`,
    );
  };
  const name = read.FunctionName ?? madeUpName(resource);
  const environment = read.Environment?.Variables ?? {};
  for (const variable of Object.keys(environment)) {
    if (reserved.test(variable) || reservedNames.test(variable))
      refuse(`Environment.Variables.${variable}`, 'is reserved by Lambda');
  }
  const taskRoot =
    'ZipFile' in read.Code
      ? writeInlineCode(join(directory, 'lambda', 'inline', name), read.Code.ZipFile)
      : (codeOf(read.Code.S3Bucket, read.Code.S3Key) ??
        refuse('Code', 'is not an asset of the assembly'));
  return {
    name,
    arn: `arn:${partition}:lambda:${region}:${accountId}:function:${name}`,
    roleArn: read.Role,
    taskRoot,
    handler: read.Handler,
    runtime: read.Runtime,
    environment,
    memoryMb: read.MemorySize,
    timeoutSeconds: read.Timeout,
    logGroupName: read.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`,
    logFormat: read.LoggingConfig?.LogFormat ?? 'Text',
    reservedConcurrency: read.ReservedConcurrentExecutions,
    deadLetterQueueArn: read.DeadLetterConfig?.TargetArn,
  };
}

/** A name as CloudFormation makes it up; the same on every run. */
function madeUpName({ stack, logicalId }: DeclaredResource): string {
  const suffix = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex').slice(0, 12);
  return `${`${stack}-${logicalId}`.slice(0, 51)}-${suffix}`;
}

function writeInlineCode(taskRoot: string, code: string): string {
  mkdirSync(taskRoot, { recursive: true, mode: 0o700 });
  writeFileSync(join(taskRoot, 'index.js'), code, { mode: 0o600 });
  return taskRoot;
}
