import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Access, Call, CallRecord, CloudCaller, Service, Surroundings } from '../../api.ts';

/** A message for a queue; attributes are texts. */
export interface QueueMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Sends messages as a service of AWS, which has no credentials to sign with, or as a role that one took. */
export interface QueueSender {
  /**
   * @param sourceArn for which of its resources a service sends; a role says nothing of the kind
   * @throws ApiError when the policies of the caller, the queue or its key do not let it.
   */
  send(
    caller: CloudCaller,
    queueArn: string,
    sourceArn: string | undefined,
    message: QueueMessage,
  ): Promise<void>;
}

/** Makes a sender that calls the embedded SQS in this process, past the gateway but not the policies. */
export function createQueueSender(surroundings: Surroundings, sqs: () => Service): QueueSender {
  return {
    async send(caller, queueArn, sourceArn, { body, attributes }) {
      const { endpoint, accountId } = surroundings;
      const url = new URL(endpoint());
      const entries = Object.entries(attributes).map(
        ([name, value]) => [name, { DataType: 'String', StringValue: value }] as const,
      );
      const request = JSON.stringify({
        QueueUrl: `${url.origin}/${accountId}/${queueArn.split(':').at(-1) ?? ''}`,
        MessageBody: body,
        ...(entries.length > 0 && { MessageAttributes: Object.fromEntries(entries) }),
      });
      await sqs().handle(
        {
          method: 'POST',
          url,
          headers: {
            'content-type': 'application/x-amz-json-1.0',
            'x-amz-target': 'AmazonSQS.SendMessage',
          },
          body: Readable.from([request]),
        },
        internalCall(surroundings, caller, sourceArn),
      );
    },
  };
}

function internalCall(
  surroundings: Surroundings,
  caller: CloudCaller,
  sourceArn: string | undefined,
): Call {
  const { accountId, clock } = surroundings;
  const source =
    sourceArn === undefined ? {} : { 'aws:SourceArn': sourceArn, 'aws:SourceAccount': accountId };
  let record: CallRecord = { eventName: 'SendMessage', readOnly: false };
  const decide = (eventSource: string, details: CallRecord, access: Access): void => {
    const context = { ...access.context, ...source };
    surroundings.callAs(caller, eventSource, details, { ...access, context });
  };
  return {
    requestId: randomUUID(),
    caller,
    time: clock.now(),
    authorize: (access) => decide('sqs.amazonaws.com', record, access),
    authorizeVia(via, access) {
      const context = { ...access.context, 'kms:ViaService': via };
      const eventName = access.action.split(':').at(-1) ?? '';
      decide('kms.amazonaws.com', { eventName, readOnly: true }, { ...access, context });
    },
    needsNoPermission: () => undefined,
    record(details) {
      record = details;
    },
  };
}
