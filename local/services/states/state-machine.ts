import { createHash, randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { DeclaredResource, Surroundings } from '../../api.ts';
import { InvalidDefinitionError, UnsupportedDefinitionError } from '../../asl/definition-error.ts';
import { parseDefinition } from '../../asl/definition.ts';
import type { StateMachine } from '../../asl/model.ts';
import { readProperties, ResourcePropertyError } from '../../assembly/read-properties.ts';

/** A state machine as a template declares it. */
export interface DeclaredStateMachine {
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
  /** The text of the template, byte for byte once its intrinsic functions are resolved. */
  readonly definition: string;
  readonly parsed: StateMachine;
  readonly created: Date;
  readonly revisionId: string;
  readonly logging: Logging;
  readonly isTraced: boolean;
}

/** What of an execution is written to CloudWatch Logs. */
export interface Logging {
  readonly level: 'ALL' | 'ERROR' | 'FATAL' | 'OFF';
  readonly includeExecutionData: boolean;
  readonly logGroupArn: string | undefined;
}

const LogDestination = z.strictObject({
  CloudWatchLogsLogGroup: z.strictObject({
    LogGroupArn: z.string().regex(/^arn:[^:]+:logs:[^:]*:\d+:log-group:[^:]+:\*$/),
  }),
});

const Properties = z.strictObject({
  DefinitionString: z.string(),
  LoggingConfiguration: z
    .strictObject({
      Destinations: z.array(LogDestination).max(1).default([]),
      IncludeExecutionData: z.boolean().default(false),
      Level: z.enum(['ALL', 'ERROR', 'FATAL', 'OFF']).default('OFF'),
    })
    .optional(),
  RoleArn: z.string(),
  StateMachineName: z
    .string()
    .regex(/^[\w-]{1,80}$/)
    .optional(),
  StateMachineType: z.literal('STANDARD').optional(),
  Tags: z.unknown().optional(),
  /** Noted; traces are not recorded. */
  TracingConfiguration: z.strictObject({ Enabled: z.boolean() }).optional(),
});

/**
 * Reads an `AWS::StepFunctions::StateMachine`.
 *
 * The definition is checked in full: what the interpreter does not run is refused here.
 *
 * @throws ResourcePropertyError naming the property, and within a definition the path.
 */
export function readStateMachine(
  resource: DeclaredResource,
  { accountId, region, partition, clock }: Surroundings,
): DeclaredStateMachine {
  const read = readProperties(Properties, resource);
  const { LoggingConfiguration: logging } = read;
  const name = read.StateMachineName ?? madeUpName(resource);
  const [destination] = logging?.Destinations ?? [];
  return {
    arn: `arn:${partition}:states:${region}:${accountId}:stateMachine:${name}`,
    name,
    roleArn: read.RoleArn,
    definition: read.DefinitionString,
    parsed: parse(read.DefinitionString, resource),
    created: clock.now(),
    revisionId: randomUUID(),
    logging: {
      level: logging?.Level ?? 'OFF',
      includeExecutionData: logging?.IncludeExecutionData ?? false,
      logGroupArn: destination?.CloudWatchLogsLogGroup.LogGroupArn,
    },
    isTraced: read.TracingConfiguration?.Enabled ?? false,
  };
}

/**
 * The state machine as it was when an execution started, which keeps its definition and its role.
 *
 * Undefined when the definition of then is not run any more.
 */
export function asStarted(
  declared: DeclaredStateMachine,
  { definition, roleArn }: Pick<DeclaredStateMachine, 'definition' | 'roleArn'>,
): DeclaredStateMachine | undefined {
  if (declared.definition === definition) return { ...declared, roleArn };
  try {
    return { ...declared, definition, roleArn, parsed: parseDefinition(definition) };
  } catch {
    return undefined;
  }
}

function parse(definition: string, { stack, logicalId, type }: DeclaredResource): StateMachine {
  try {
    return parseDefinition(definition);
  } catch (error) {
    if (error instanceof InvalidDefinitionError || error instanceof UnsupportedDefinitionError) {
      throw new ResourcePropertyError(
        `${stack}/${logicalId} (${type}): DefinitionString: ${error.message}`,
        { cause: error },
      );
    }
    throw error;
  }
}

function madeUpName({ stack, logicalId }: DeclaredResource): string {
  const suffix = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex').slice(0, 12);
  return `${logicalId.slice(0, 67)}-${suffix}`;
}
