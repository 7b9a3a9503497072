import { buildApp } from 'fauxqs';
import * as z from 'zod';
import { ApiError } from '../../api.ts';

/** SQS's own part: queues, messages, visibility, redrive. */
export interface MessageStore {
  /** Does one operation; answers the parsed body. */
  call(operation: string, input: unknown): Promise<Readonly<Record<string, unknown>>>;
  /** Counts a queue's messages by state as they are now. */
  count(queueName: string): Promise<MessageCounts>;
  stop(): Promise<void>;
}

export interface MessageCounts {
  readonly visible: number;
  readonly invisible: number;
  readonly delayed: number;
}

const Failure = z.looseObject({ __type: z.string(), message: z.string().default('') });

const Inspection = z.looseObject({
  messages: z.object({
    ready: z.array(z.unknown()),
    delayed: z.array(z.looseObject({ delayUntil: z.number().optional() })),
    inflight: z.array(z.looseObject({ visibilityDeadline: z.number() })),
  }),
});

const Body = z.record(z.string(), z.unknown());

/** The account that fauxqs writes into ARNs; no option changes it. */
const fauxqsAccount = '000000000000';

/** Replaces one account by another in every ARN of an attribute; message bodies have none of these names. */
function withAccount(value: unknown, from: string, to: string): unknown {
  if (typeof value === 'string')
    return value.replace(/(arn:aws:sqs:[a-z0-9-]+:)(\d{12}):/g, (whole, start: string, account) =>
      account === from ? `${start}${to}:` : whole,
    );
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withAccount(item, from, to)]),
  );
}

/**
 * Creates the store: fauxqs, in memory and without a port. Only its SQS is used: its S3 loses data.
 *
 * Visibility and delays follow the machine's clock, whichever clock the cloud runs on.
 */
export function createMessageStore(region: string, accountId: string): MessageStore {
  const app = buildApp({ logger: false, defaultRegion: region });
  return {
    call: async (operation, input) => {
      const { Attributes, ...rest } = Body.parse(input);
      const translated =
        Attributes === undefined
          ? rest
          : { ...rest, Attributes: withAccount(Attributes, accountId, fauxqsAccount) };
      const answer = await app.inject({
        method: 'POST',
        url: '/',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': `AmazonSQS.${operation}`,
        },
        payload: JSON.stringify(translated),
      });
      const body = Body.parse(answer.body === '' ? {} : JSON.parse(answer.body));
      if (answer.statusCode !== 200) {
        const { __type, message } = Failure.parse(body);
        throw new ApiError(__type.split('#').at(-1) ?? __type, message, answer.statusCode);
      }
      return body.Attributes === undefined
        ? body
        : { ...body, Attributes: withAccount(body.Attributes, fauxqsAccount, accountId) };
    },
    count: async (queueName) => {
      const answer = await app.inject({ method: 'GET', url: `/_fauxqs/queues/${queueName}` });
      const { messages } = Inspection.parse(JSON.parse(answer.body));
      const now = Date.now();
      // Fauxqs moves a message back only when somebody receives; AWS counts it as visible at once.
      const expired = messages.inflight.filter(
        ({ visibilityDeadline }) => visibilityDeadline <= now,
      );
      const due = messages.delayed.filter(({ delayUntil = 0 }) => delayUntil <= now);
      return {
        visible: messages.ready.length + expired.length + due.length,
        invisible: messages.inflight.length - expired.length,
        delayed: messages.delayed.length - due.length,
      };
    },
    stop: async () => {
      await app.close();
    },
  };
}
