import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { DeclaredResource, Surroundings } from '../../api.ts';
import { readProperties, ResourcePropertyError } from '../../assembly/read-properties.ts';
import { parseRuleSql, type RuleQuery } from './rule-sql.ts';
import { RuleSqlError } from './rule-tokens.ts';

/** Where a rule sends: a queue, as a role. */
export interface QueueAction {
  readonly queueArn: string;
  readonly queueUrl: string;
  readonly roleArn: string;
  readonly useBase64: boolean;
}

/** A topic rule as a template declares it. */
export interface TopicRule {
  readonly name: string;
  readonly arn: string;
  readonly isEnabled: boolean;
  readonly query: RuleQuery;
  readonly actions: readonly QueueAction[];
  readonly errorAction: QueueAction | undefined;
}

const bool = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

const Action = z.strictObject({
  Sqs: z.strictObject({
    QueueUrl: z.string(),
    RoleArn: z.string(),
    UseBase64: bool.default(false),
  }),
});

const TopicRuleProperties = z.strictObject({
  RuleName: z
    .string()
    .regex(/^[A-Za-z0-9_]{1,128}$/, 'must have 1 to 128 of A-Z a-z 0-9 _')
    .optional(),
  TopicRulePayload: z.strictObject({
    Sql: z.string(),
    AwsIotSqlVersion: z.literal('2016-03-23', 'must be 2016-03-23'),
    Actions: z.array(Action).min(1).max(10),
    ErrorAction: Action.optional(),
    Description: z.string().optional(),
    RuleDisabled: bool.default(false),
  }),
  Tags: z.unknown().optional(),
});

function madeUpName({ stack, logicalId }: DeclaredResource): string {
  const suffix = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex').slice(0, 12);
  return `${`${stack}_${logicalId}`.replaceAll(/\W/g, '_').slice(0, 115)}_${suffix}`;
}

/**
 * Reads an `AWS::IoT::TopicRule`. Its actions are queues of this cloud.
 *
 * @throws ResourcePropertyError naming the property for everything else.
 */
export function readTopicRule(
  resource: DeclaredResource,
  { accountId, region, partition, principals }: Surroundings,
): TopicRule {
  const { RuleName, TopicRulePayload: payload } = readProperties(TopicRuleProperties, resource);
  const name = RuleName ?? madeUpName(resource);
  const refuse = (property: string, reason: string): never => {
    const { stack, logicalId, type } = resource;
    throw new ResourcePropertyError(
      `${stack}/${logicalId} (${type}): TopicRulePayload.${property}: ${reason}`,
    );
  };
  const readSql = (): RuleQuery => {
    try {
      return parseRuleSql(payload.Sql);
    } catch (error) {
      if (error instanceof RuleSqlError) return refuse('Sql', error.message);
      throw error;
    }
  };
  const readAction = ({ Sqs }: z.infer<typeof Action>, property: string): QueueAction => {
    const [account, queueName, ...rest] =
      URL.parse(Sqs.QueueUrl)?.pathname.slice(1).split('/') ?? [];
    if (account !== accountId || queueName === undefined || rest.length > 0)
      return refuse(`${property}.Sqs.QueueUrl`, 'must be the URL of a queue of this account');
    try {
      principals.roleCaller(Sqs.RoleArn, name.slice(0, 64));
    } catch {
      refuse(`${property}.Sqs.RoleArn`, 'must be a role that a template declares');
    }
    return {
      queueArn: `arn:${partition}:sqs:${region}:${accountId}:${queueName}`,
      queueUrl: Sqs.QueueUrl,
      roleArn: Sqs.RoleArn,
      useBase64: Sqs.UseBase64,
    };
  };
  return {
    name,
    arn: `arn:${partition}:iot:${region}:${accountId}:rule/${name}`,
    isEnabled: !payload.RuleDisabled,
    query: readSql(),
    actions: payload.Actions.map((action, index) => readAction(action, `Actions.${index}`)),
    errorAction: payload.ErrorAction && readAction(payload.ErrorAction, 'ErrorAction'),
  };
}
