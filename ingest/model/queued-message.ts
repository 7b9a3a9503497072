import * as z from 'zod';

/**
 * What the topic rule puts into the sensor queue: the payload byte by byte, and beside it what AWS IoT
 * itself knows of the publisher, which no device can write.
 */
export const QueuedMessage = z.strictObject({
  /** The MQTT payload, in base64. */
  payload: z.base64(),
  /** Fifth level of the topic. */
  device: z.string(),
  /** Milliseconds since 1970 by AWS's clock, when the message arrived. */
  receivedAt: z.int(),
  /** Id of the certificate that the publisher showed. */
  principal: z.string(),
});
export type QueuedMessage = z.infer<typeof QueuedMessage>;

/** The SQL of the topic rule that makes a {@link QueuedMessage}. */
export const queuedMessageSql = (filter: string): string =>
  `SELECT encode(*, 'base64') AS payload, topic(5) AS device, timestamp() AS receivedAt, principal() AS principal FROM '${filter}'`;

/**
 * Seconds that a received message stays invisible: what a poller that was cut off had in hand comes back
 * after them. One that takes longer over a chunk meets its own messages again, and knows them.
 */
export const visibilitySeconds = 60;
