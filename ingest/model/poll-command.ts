import * as z from 'zod';
import { BatchId } from '../../workflow/model/code.ts';
import { Day } from './sensor-object.ts';

/** What the poller on E is told to do: the one parameter of its SSM document, as base64url of JSON. */
export const PollCommand = z.strictObject({
  version: z.literal(1),
  taskToken: z.string().min(1),
  executionArn: z.string().min(1),
  instanceId: z.string().min(1),
  /** It begins no new work after so long, and answers. */
  maxSeconds: z.int().min(1).max(3_600),
  /** Days whose batches are sealed at the end, besides those that are due. */
  seal: z.array(Day).max(31),
});
export type PollCommand = z.infer<typeof PollCommand>;

const count = z.int().min(0);

/** What one poll did. Ids and counts. */
export const PollReply = z.strictObject({
  /** `EMPTY`: the queue was. `TIME`: it may not be. `BUSY`: another poller is at work; nothing was done. */
  ended: z.enum(['EMPTY', 'TIME', 'BUSY']),
  /** Receipts of messages, and what became of them: the rest of these fields but `objects`. */
  receipts: count,
  /** New messages, stored in a day's batch or set aside. */
  stored: count,
  /** Of these, set aside as a whole or in part. */
  aside: z.record(z.string(), count),
  duplicates: count,
  /** Came again from the queue, not from the device: an earlier poll ended before it deleted them. */
  redelivered: count,
  rejected: count,
  objects: count,
  /** Visible in the queue at the end, about. */
  backlog: count,
  /** Age of the oldest message that was received, in seconds. */
  oldestSeconds: count,
  sealed: z.array(z.strictObject({ day: Day, part: z.string(), batchId: BatchId })),
});
export type PollReply = z.infer<typeof PollReply>;

/** Writes a command as the SSM parameter: only letters that a shell leaves alone. */
export function encodePollCommand(command: PollCommand): string {
  return Buffer.from(JSON.stringify(PollCommand.parse(command))).toString('base64url');
}

/** Reads a command from the SSM parameter. */
export function decodePollCommand(parameter: string): PollCommand {
  return PollCommand.parse(JSON.parse(Buffer.from(parameter, 'base64url').toString()));
}
