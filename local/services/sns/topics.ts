import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import {
  ApiError,
  type DeclaredResource,
  type ResourceHandler,
  type Surroundings,
} from '../../api.ts';
import { readProperties, ResourcePropertyError } from '../../assembly/read-properties.ts';
import { parsePolicy, type PolicyDocument } from '../../policy/document.ts';

/** Who gets what is published to a topic. */
export interface Subscription {
  readonly arn: string;
  readonly protocol: 'lambda' | 'email' | 'email-json';
  /** A function's ARN or a mail address. */
  readonly endpoint: string;
}

/** A topic as a template declares it. */
export interface Topic {
  readonly arn: string;
  readonly name: string;
  /** The KMS key that messages rest under, as the template names it. */
  readonly kmsKey: string | undefined;
  readonly subscriptions: Subscription[];
  policy?: PolicyDocument;
}

const SubscriptionEntry = z.strictObject({
  Protocol: z.enum(['lambda', 'email', 'email-json'], {
    error: 'must be lambda, email or email-json: others are not supported by the embedded cloud',
  }),
  Endpoint: z.string(),
});

const TopicProperties = z.strictObject({
  DisplayName: z.string().optional(),
  KmsMasterKeyId: z.string().optional(),
  /** Of no effect: every notification says that its signature is none. */
  SignatureVersion: z.enum(['1', '2']).optional(),
  Subscription: z.array(SubscriptionEntry).default([]),
  Tags: z.unknown().optional(),
  TopicName: z
    .string()
    .regex(/^[\w-]{1,256}$/, 'must not be a FIFO topic')
    .optional(),
  /** Traces are not recorded. */
  TracingConfig: z.enum(['Active', 'PassThrough']).optional(),
});

const TopicPolicyProperties = z.strictObject({
  PolicyDocument: z.unknown(),
  Topics: z.array(z.string()).min(1),
});

const SubscriptionProperties = z.strictObject({
  ...SubscriptionEntry.shape,
  TopicArn: z.string(),
  Region: z.string().optional(),
});

/** All topics of a deployment, and what creates them. */
export class Topics {
  readonly #topics = new Map<string, Topic>();
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  readonly handlers: readonly ResourceHandler[] = [
    { type: 'AWS::SNS::Topic', create: (resource) => this.#createTopic(resource) },
    { type: 'AWS::SNS::TopicPolicy', create: (resource) => this.#createPolicy(resource) },
    { type: 'AWS::SNS::Subscription', create: (resource) => this.#createSubscription(resource) },
  ];

  find(arn: string): Topic | undefined {
    return this.#topics.get(arn);
  }

  /** @throws ApiError NotFound */
  get(arn: string): Topic {
    const topic = this.find(arn);
    if (topic !== undefined) return topic;
    throw new ApiError('NotFound', 'Topic does not exist', 404);
  }

  #createTopic(resource: DeclaredResource) {
    const read = readProperties(TopicProperties, resource);
    const { partition, region, accountId } = this.#surroundings;
    const name = read.TopicName ?? `${resource.stack}-${resource.logicalId}`;
    const arn = `arn:${partition}:sns:${region}:${accountId}:${name}`;
    const topic: Topic = { arn, name, kmsKey: read.KmsMasterKeyId, subscriptions: [] };
    this.#topics.set(arn, topic);
    for (const entry of read.Subscription) subscribe(topic, entry);
    return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
  }

  #createPolicy(resource: DeclaredResource) {
    const read = readProperties(TopicPolicyProperties, resource);
    const policy = parsePolicy(read.PolicyDocument, `${resource.stack}/${resource.logicalId}`);
    for (const arn of read.Topics) this.#declared(arn, resource, 'Topics').policy = policy;
    return { ref: resource.logicalId, attributes: { Id: resource.logicalId } };
  }

  #createSubscription(resource: DeclaredResource) {
    const read = readProperties(SubscriptionProperties, resource);
    const { arn } = subscribe(this.#declared(read.TopicArn, resource, 'TopicArn'), read);
    return { ref: arn, attributes: { Arn: arn } };
  }

  #declared(arn: string, { stack, logicalId, type }: DeclaredResource, property: string): Topic {
    const topic = this.find(arn);
    if (topic !== undefined) return topic;
    throw new ResourcePropertyError(
      `${stack}/${logicalId} (${type}): ${property}: no template declares the topic ${arn}`,
    );
  }
}

function subscribe(
  topic: Topic,
  { Protocol, Endpoint }: z.output<typeof SubscriptionEntry>,
): Subscription {
  const arn = `${topic.arn}:${randomUUID()}`;
  const subscription: Subscription = { arn, protocol: Protocol, endpoint: Endpoint };
  topic.subscriptions.push(subscription);
  return subscription;
}
