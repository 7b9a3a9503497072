import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import {
  ApiError,
  type ApiRequest,
  type ApiResponse,
  type Call,
  type FunctionInvoker,
  type Service,
  type StorageKeys,
  type Surroundings,
} from '../../api.ts';
import { isAccessDenied } from '../../gateway/access-denied.ts';
import { readPublish, type PublishInput } from './publish-input.ts';
import { Topics, type Subscription, type Topic } from './topics.ts';

/** A message as it was published, and to whom it went. */
export interface PublishedMessage extends PublishInput {
  readonly messageId: string;
  readonly time: Date;
  /** Of subscriptions by mail, the addresses: nothing is mailed. */
  readonly mailedTo: readonly string[];
}

/** The embedded SNS, and what tests need of it. */
export interface SnsService extends Service {
  /** Everything published so far, in order. In memory only. */
  published(): readonly PublishedMessage[];
}

/** SNS's own key asks nobody. */
const ownKey = 'alias/aws/sns';

/**
 * Makes the embedded SNS: topics of templates, publishing, functions as subscribers.
 *
 * Mail to subscribed addresses is recorded and not sent: no address here has confirmed anything.
 */
export function createSnsService(
  surroundings: Surroundings,
  invoker: FunctionInvoker,
  storageKeys: StorageKeys,
): SnsService {
  const { region, clock, principals } = surroundings;
  const topics = new Topics(surroundings);
  const published: PublishedMessage[] = [];

  const notify = (topic: Topic, subscription: Subscription, message: PublishedMessage): void => {
    if (subscription.protocol !== 'lambda') return;
    const event = { Records: [notification(topic, subscription, message)] };
    const caller = principals.serviceCaller('sns.amazonaws.com');
    invoker.invokeLater(caller, subscription.endpoint, JSON.stringify(event), {
      sourceArn: topic.arn,
    });
  };

  const publish = (input: PublishInput, call: Call): string => {
    const { topicArn } = input;
    const { policy: resourcePolicy } = topics.find(topicArn) ?? {};
    call.record({
      eventName: 'Publish',
      readOnly: false,
      dataEvent: true,
      requestParameters: { topicArn, message: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
      resources: [{ ARN: topicArn, type: 'AWS::SNS::Topic' }],
    });
    call.authorize({ action: 'sns:Publish', resource: topicArn, resourcePolicy });
    const topic = topics.get(topicArn);
    useKey(topic, call, storageKeys, `sns.${region}.amazonaws.com`);
    const message: PublishedMessage = {
      ...input,
      messageId: randomUUID(),
      time: clock.now(),
      mailedTo: topic.subscriptions
        .filter(({ protocol }) => protocol !== 'lambda')
        .map(({ endpoint }) => endpoint),
    };
    published.push(message);
    for (const subscription of topic.subscriptions) notify(topic, subscription, message);
    return message.messageId;
  };

  return {
    signingName: 'sns',
    protocol: 'query',
    resources: topics.handlers,
    published: () => published,
    async handle(request: ApiRequest, call: Call): Promise<ApiResponse> {
      const body = await text(request.body);
      const action = new URLSearchParams(body).get('Action') ?? '';
      if (action !== 'Publish') {
        throw new ApiError(
          'UnsupportedOperation',
          `SNS ${action} is not supported by the embedded cloud`,
          501,
        );
      }
      const messageId = publish(readPublish(body), call);
      return {
        status: 200,
        headers: { 'content-type': 'text/xml' },
        body: `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>${messageId}</MessageId></PublishResult><ResponseMetadata><RequestId>${call.requestId}</RequestId></ResponseMetadata></PublishResponse>`,
      };
    },
  };
}

/**
 * Holds publishing to an encrypted topic against its key's policy.
 *
 * @throws ApiError KMSAccessDenied, as SNS names what KMS refuses.
 */
function useKey({ kmsKey }: Topic, call: Call, keys: StorageKeys, via: string): void {
  if (kmsKey === undefined || kmsKey === ownKey) return;
  try {
    keys.generate(call, via, kmsKey);
    keys.use(call, via, kmsKey);
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    throw new ApiError('KMSAccessDenied', error instanceof Error ? error.message : '', 400);
  }
}

function notification(
  { arn }: Topic,
  subscription: Subscription,
  { messageId, subject, message, time, attributes }: PublishedMessage,
): object {
  return {
    EventSource: 'aws:sns',
    EventVersion: '1.0',
    EventSubscriptionArn: subscription.arn,
    Sns: {
      Type: 'Notification',
      MessageId: messageId,
      TopicArn: arn,
      Subject: subject ?? null,
      Message: message,
      Timestamp: time.toISOString(),
      SignatureVersion: '1',
      Signature: 'EMBEDDED-NOT-SIGNED',
      SigningCertUrl: 'EMBEDDED-NOT-SIGNED',
      UnsubscribeUrl: 'EMBEDDED-NOT-SUPPORTED',
      MessageAttributes: attributes,
    },
  };
}
