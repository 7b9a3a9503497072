import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/**
 * The time, as AWS has it where this machine's clock is off: the ledger tells when things happened. The
 * SDK learns the difference from each answer, to a second or so, which a right clock knows better.
 */
export function rightTime({ config }: DynamoDBClient): Date {
  const offset = config.systemClockOffset;
  return new Date(Date.now() + (Math.abs(offset) > 60_000 ? offset : 0));
}
