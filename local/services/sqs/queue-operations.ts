import * as z from 'zod';
import { ApiError } from '../../api.ts';
import { parsePolicy, type PolicyDocument } from '../../policy/document.ts';
import type { MessageCounts, MessageStore } from './message-store.ts';
import type { Operation, QueueAttributes } from './operation.ts';
import type { Queues } from './queues.ts';

const RedrivePolicy = z.looseObject({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number().int().min(1).max(1000),
});

const Messages = z.array(
  z.looseObject({ Attributes: z.record(z.string(), z.string()).optional() }),
);

function invalid(attribute: string, reason: string): ApiError {
  return new ApiError(
    'InvalidAttributeValue',
    `Invalid value for the parameter ${attribute}. Reason: ${reason}.`,
  );
}

function parseAttribute(attribute: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(attribute, 'it is not JSON');
  }
}

function policyOf(text: string | undefined, where: string): PolicyDocument | undefined {
  if (text === undefined || text === '') return undefined;
  return parsePolicy(parseAttribute('Policy', text), where);
}

function checkRedrive(text: string | undefined, queues: Queues): void {
  if (text === undefined || text === '') return;
  const parsed = RedrivePolicy.safeParse(parseAttribute('RedrivePolicy', text));
  if (!parsed.success)
    throw invalid('RedrivePolicy', 'it needs deadLetterTargetArn and maxReceiveCount');
  const { deadLetterTargetArn } = parsed.data;
  const target = deadLetterTargetArn.split(':').at(-1) ?? '';
  if (queues.get(target) === undefined || queues.arn(target) !== deadLetterTargetArn)
    throw invalid('RedrivePolicy', 'Dead letter target does not exist');
}

function countsAsAttributes({
  visible,
  invisible,
  delayed,
}: MessageCounts): Record<string, string> {
  return {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(invisible),
    ApproximateNumberOfMessagesDelayed: String(delayed),
  };
}

/** Does operations on queues once they are allowed, and keeps track of what exists. */
export class QueueOperations {
  readonly #store: MessageStore;
  readonly #queues: Queues;
  readonly #accountId: string;

  constructor(store: MessageStore, queues: Queues, accountId: string) {
    this.#store = store;
    this.#queues = queues;
    this.#accountId = accountId;
  }

  async run(operation: Operation): Promise<Readonly<Record<string, unknown>>> {
    const { name, input } = operation;
    switch (name) {
      case 'CreateQueue':
        return this.#create(input);
      case 'SetQueueAttributes':
        return this.#setAttributes(input);
      case 'GetQueueUrl':
        await this.#store.call(name, input);
        return { QueueUrl: this.#queues.url(input.QueueName) };
      case 'ListQueues':
        return this.#list(input);
      case 'GetQueueAttributes':
        return this.#attributes(input);
      case 'ReceiveMessage':
        return this.#receive(input);
      case 'DeleteQueue':
        await this.#store.call(name, input);
        this.#queues.delete(this.#queues.nameIn(input.QueueUrl));
        return {};
      case 'TagQueue': {
        await this.#store.call(name, input);
        const { tags } = this.#queues.ensure(this.#queues.nameIn(input.QueueUrl));
        for (const [key, value] of Object.entries(input.Tags)) tags.set(key, value);
        return {};
      }
      case 'UntagQueue': {
        await this.#store.call(name, input);
        const { tags } = this.#queues.ensure(this.#queues.nameIn(input.QueueUrl));
        for (const key of input.TagKeys) tags.delete(key);
        return {};
      }
      default:
        return this.#store.call(name, input);
    }
  }

  async #create(
    input: Extract<Operation, { name: 'CreateQueue' }>['input'],
  ): Promise<Readonly<Record<string, unknown>>> {
    const { QueueName, Attributes = {}, tags = {} } = input;
    checkRedrive(Attributes.RedrivePolicy, this.#queues);
    const policy = policyOf(Attributes.Policy, QueueName);
    await this.#store.call('CreateQueue', input);
    this.#note(QueueName, Attributes, policy);
    const known = this.#queues.ensure(QueueName);
    for (const [key, value] of Object.entries(tags)) known.tags.set(key, value);
    return { QueueUrl: this.#queues.url(QueueName) };
  }

  async #setAttributes(
    input: Extract<Operation, { name: 'SetQueueAttributes' }>['input'],
  ): Promise<Readonly<Record<string, unknown>>> {
    const name = this.#queues.nameIn(input.QueueUrl);
    checkRedrive(input.Attributes.RedrivePolicy, this.#queues);
    const policy = policyOf(input.Attributes.Policy, name);
    const answer = await this.#store.call('SetQueueAttributes', input);
    this.#note(name, input.Attributes, policy);
    return answer;
  }

  #note(name: string, attributes: QueueAttributes, policy: PolicyDocument | undefined): void {
    const queue = this.#queues.ensure(name);
    if (attributes.Policy !== undefined) queue.policy = policy;
    if (attributes.KmsMasterKeyId !== undefined)
      queue.kmsKey = attributes.KmsMasterKeyId === '' ? undefined : attributes.KmsMasterKeyId;
    if (attributes.KmsDataKeyReusePeriodSeconds !== undefined)
      queue.keyReuseSeconds = Number(attributes.KmsDataKeyReusePeriodSeconds);
  }

  async #list(
    input: Extract<Operation, { name: 'ListQueues' }>['input'],
  ): Promise<Readonly<Record<string, unknown>>> {
    const { QueueUrls, NextToken } = await this.#store.call('ListQueues', input);
    const urls = z.array(z.string()).parse(QueueUrls);
    return {
      QueueUrls: urls.map((url) => this.#queues.url(url.slice(url.lastIndexOf('/') + 1))),
      NextToken,
    };
  }

  async #attributes({
    QueueUrl,
    AttributeNames = [],
  }: Extract<Operation, { name: 'GetQueueAttributes' }>['input']): Promise<
    Readonly<Record<string, unknown>>
  > {
    const answer = await this.#store.call('GetQueueAttributes', { QueueUrl, AttributeNames });
    const attributes = z.record(z.string(), z.string()).parse(answer.Attributes);
    const counts = countsAsAttributes(await this.#store.count(this.#queues.nameIn(QueueUrl)));
    return {
      Attributes: Object.fromEntries(
        Object.entries(attributes).map(([key, value]) => [key, counts[key] ?? value]),
      ),
    };
  }

  async #receive(
    input: Extract<Operation, { name: 'ReceiveMessage' }>['input'],
  ): Promise<Readonly<Record<string, unknown>>> {
    const { Messages: received } = await this.#store.call('ReceiveMessage', input);
    if (received === undefined) return {};
    // Who sent a message is not kept; the account is as near as it gets.
    const messages = Messages.parse(received).map((message) =>
      message.Attributes?.SenderId === undefined
        ? message
        : { ...message, Attributes: { ...message.Attributes, SenderId: this.#accountId } },
    );
    return { Messages: messages };
  }
}
