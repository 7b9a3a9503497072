import { createHash } from 'node:crypto';
import * as z from 'zod';
import type {
  CreatedResource,
  DeclaredResource,
  ResourceHandler,
  Surroundings,
} from '../../api.ts';
import { readProperties, ResourcePropertyError } from '../../assembly/read-properties.ts';
import { parsePolicy } from '../../policy/document.ts';
import type { Registry } from './registry.ts';
import type { RuleEngine } from './rule-engine.ts';
import { readTopicRule } from './topic-rule.ts';

const PolicyProperties = z.strictObject({
  PolicyName: z
    .string()
    .regex(/^[\w+=,.@-]{1,128}$/, 'must be a policy name')
    .optional(),
  PolicyDocument: z.unknown(),
  Tags: z.unknown().optional(),
});

function madeUpName({ stack, logicalId }: DeclaredResource): string {
  const suffix = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex').slice(0, 12);
  return `${`${stack}-${logicalId}`.slice(0, 115)}-${suffix}`;
}

/** Creates the policies and the topic rules of templates; `start` sees to it that there is a broker. */
export function iotResources(
  surroundings: Surroundings,
  registry: Registry,
  rules: RuleEngine,
  start: () => Promise<unknown>,
): readonly ResourceHandler[] {
  const createPolicy = async (resource: DeclaredResource): Promise<CreatedResource> => {
    const { PolicyName, PolicyDocument } = readProperties(PolicyProperties, resource);
    const name = PolicyName ?? madeUpName(resource);
    const where = `${resource.stack}/${resource.logicalId}`;
    const document = parsePolicy(PolicyDocument, where);
    if (document.Statement.some(({ Principal }) => Principal !== undefined))
      throw new ResourcePropertyError(
        `${where} (${resource.type}): PolicyDocument: a policy of AWS IoT names no principal`,
      );
    await start();
    registry.addPolicy({ name, document });
    return { ref: name, attributes: { Arn: registry.arn(`policy/${name}`), Id: name } };
  };
  const createRule = async (resource: DeclaredResource): Promise<CreatedResource> => {
    const rule = readTopicRule(resource, surroundings);
    await start();
    rules.add(rule);
    return { ref: rule.name, attributes: { Arn: rule.arn } };
  };
  return [
    { type: 'AWS::IoT::Policy', create: createPolicy },
    { type: 'AWS::IoT::TopicRule', create: createRule },
  ];
}
