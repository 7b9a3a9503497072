import { SendMessageCommand, SQSClient, type SendMessageCommandInput } from '@aws-sdk/client-sqs';
import type { FunctionAnswer, Surroundings } from '../../api.ts';
import type { AsyncEvent } from './async-invocations.ts';
import type { DeclaredFunction } from './declared-function.ts';

/** Sends a given-up event to the function's dead-letter queue, as the function's role. */
export function sendDeadLetter(
  surroundings: Surroundings,
  declared: DeclaredFunction,
  queueArn: string,
  { payload, requestId }: AsyncEvent,
): Promise<void> {
  const text = (value: string) => ({ DataType: 'String', StringValue: value });
  return send(surroundings, declared, queueArn, {
    MessageBody: payload,
    MessageAttributes: { RequestID: text(requestId), ErrorCode: text('200') },
  });
}

/**
 * Sends the record of a given-up event to the function's destination for failures, as its role.
 *
 * @see AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations"
 */
export function sendFailureRecord(
  surroundings: Surroundings,
  declared: DeclaredFunction,
  queueArn: string,
  { payload, requestId, attempts }: AsyncEvent,
  answer: FunctionAnswer | undefined,
): Promise<void> {
  const record = {
    version: '1.0',
    timestamp: surroundings.clock.now().toISOString(),
    requestContext: {
      requestId,
      functionArn: `${declared.arn}:$LATEST`,
      condition: answer === undefined ? 'EventAgeExceeded' : 'RetriesExhausted',
      approximateInvokeCount: attempts,
    },
    requestPayload: JSON.parse(payload) as unknown,
    ...(answer && {
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        functionError: answer.functionError,
      },
      responsePayload: JSON.parse(answer.payload) as unknown,
    }),
  };
  return send(surroundings, declared, queueArn, { MessageBody: JSON.stringify(record) });
}

async function send(
  { region, endpoint, accountId, principals }: Surroundings,
  { roleArn, name }: DeclaredFunction,
  queueArn: string,
  message: Omit<SendMessageCommandInput, 'QueueUrl'>,
): Promise<void> {
  const queueName = queueArn.split(':').at(-1) ?? '';
  const credentials = principals.issue(roleArn, name);
  const sqs = new SQSClient({ region, endpoint: endpoint(), credentials });
  try {
    const QueueUrl = `${endpoint()}/${accountId}/${queueName}`;
    await sqs.send(new SendMessageCommand({ QueueUrl, ...message }));
  } finally {
    sqs.destroy();
  }
}
