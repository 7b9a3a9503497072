import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { DeclaredResource, Surroundings } from '../../api.ts';
import { readProperties, ResourcePropertyError } from '../../assembly/read-properties.ts';
import { EventPatternError, parseEventPattern, type EventPattern } from './event-pattern.ts';
import { parseSchedule, ScheduleError, type Schedule } from './schedule.ts';
import {
  parseTargetInput,
  TargetInput,
  TargetInputError,
  type MakePayload,
} from './target-input.ts';

/** A rule as a template declares it. */
export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly logicalId: string;
  readonly isEnabled: boolean;
  readonly pattern: EventPattern | undefined;
  readonly schedule: Schedule | undefined;
  readonly targets: readonly Target[];
}

/** Where a rule sends what matches. */
export interface Target {
  readonly id: string;
  readonly arn: string;
  readonly kind: 'function' | 'stateMachine';
  /** As whom a state machine's execution is started; functions say themselves who may invoke them. */
  readonly roleArn: string | undefined;
  /** Takes events that could not be delivered. */
  readonly deadLetterQueueArn: string | undefined;
  readonly makePayload: MakePayload;
}

const TargetProperties = z.strictObject({
  ...TargetInput.shape,
  Arn: z.string(),
  DeadLetterConfig: z
    .strictObject({ Arn: z.string().regex(/^arn:[^:]+:sqs:/, 'must be a queue') })
    .optional(),
  Id: z.string(),
  RoleArn: z.string().optional(),
  /**
   * Of no effect: what fails here (a denied call, an unknown target) fails again each time, and a
   * function's own failures are retried by Lambda.
   */
  RetryPolicy: z
    .strictObject({
      MaximumEventAgeInSeconds: z.coerce.number().optional(),
      MaximumRetryAttempts: z.coerce.number().optional(),
    })
    .optional(),
});

const RuleProperties = z.strictObject({
  Description: z.string().optional(),
  EventBusName: z
    .string()
    .regex(/(^|event-bus\/)default$/, 'must be the default bus: others are not supported')
    .optional(),
  EventPattern: z.unknown().optional(),
  Name: z.string().optional(),
  ScheduleExpression: z.string().optional(),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Tags: z.unknown().optional(),
  Targets: z.array(TargetProperties).max(5).default([]),
});

/**
 * Reads an `AWS::Events::Rule`: targets are functions and state machines.
 *
 * @throws ResourcePropertyError naming the property for everything else.
 */
export function readRule(
  resource: DeclaredResource,
  { accountId, region, partition, clock }: Surroundings,
): Rule {
  const read = readProperties(RuleProperties, resource);
  const refuse = (property: string, reason: string): never => {
    const { stack, logicalId, type } = resource;
    throw new ResourcePropertyError(`${stack}/${logicalId} (${type}): ${property}: ${reason}`);
  };
  const understood = <T>(property: string, parse: () => T): T => {
    try {
      return parse();
    } catch (error) {
      const isRefusal =
        error instanceof EventPatternError ||
        error instanceof ScheduleError ||
        error instanceof TargetInputError;
      if (isRefusal) return refuse(property, error.message);
      throw error;
    }
  };
  const { EventPattern, ScheduleExpression } = read;
  if (EventPattern === undefined && ScheduleExpression === undefined)
    refuse('EventPattern', 'or ScheduleExpression must be given');
  const name = read.Name ?? madeUpName(resource);
  return {
    name,
    arn: `arn:${partition}:events:${region}:${accountId}:rule/${name}`,
    logicalId: resource.logicalId,
    isEnabled: read.State === 'ENABLED',
    pattern:
      EventPattern === undefined
        ? undefined
        : understood('EventPattern', () => parseEventPattern(EventPattern)),
    schedule:
      ScheduleExpression === undefined
        ? undefined
        : understood('ScheduleExpression', () => parseSchedule(ScheduleExpression, clock.now())),
    targets: read.Targets.map((target, index) => {
      const property = `Targets.${index}`;
      const kind = targetKind(target.Arn);
      if (kind === undefined) return refuse(property, 'must be a function or a state machine');
      if ((kind === 'stateMachine') !== (target.RoleArn !== undefined))
        return refuse(`${property}.RoleArn`, 'is for state machines, which need one');
      return {
        id: target.Id,
        arn: target.Arn,
        kind,
        roleArn: target.RoleArn,
        deadLetterQueueArn: target.DeadLetterConfig?.Arn,
        makePayload: understood(property, () => parseTargetInput(target)),
      };
    }),
  };
}

function targetKind(arn: string): Target['kind'] | undefined {
  if (/^arn:[^:]+:lambda:[^:]*:[^:]*:function:[^:]+$/.test(arn)) return 'function';
  if (/^arn:[^:]+:states:[^:]*:[^:]*:stateMachine:[^:]+$/.test(arn)) return 'stateMachine';
  return undefined;
}

function madeUpName({ stack, logicalId }: DeclaredResource): string {
  const suffix = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex').slice(0, 12);
  return `${`${stack}-${logicalId}`.slice(0, 51)}-${suffix}`;
}
