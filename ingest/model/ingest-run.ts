import * as z from 'zod';
import { executionHash } from '../../workflow/model/names.ts';
import { PollReply } from './poll-command.ts';
import { Day, AsideReason } from './sensor-object.ts';
import { Trouble, TroubleCount } from './sensor-items.ts';

const time = z.iso.datetime();

/** What a person may ask of a run: days to seal. The schedule asks nothing. */
export const IngestRequest = z.strictObject({ seal: z.array(Day).max(31).optional() });
export type IngestRequest = z.infer<typeof IngestRequest>;

/** Which run it is: the first fields of each task's payload. */
export const IngestExecution = z.strictObject({ executionArn: z.string().min(1), startedAt: time });
export type IngestExecution = z.infer<typeof IngestExecution>;

/** The name of a run where a person reads it: a hash, because a person may have named its execution. */
export const ingestRunName = ({ executionArn }: Pick<IngestExecution, 'executionArn'>): string =>
  executionHash(executionArn);

/** A poller's answer, of which every word is known: nothing else goes into the ledger. */
export const RecordedPoll = z.strictObject({
  ...PollReply.shape,
  aside: z.partialRecord(AsideReason, z.int().min(0)),
});
export type RecordedPoll = z.infer<typeof RecordedPoll>;

/** Where and with which error a run failed. */
export const IngestFailure = z.strictObject({
  state: z.string().regex(/^[A-Za-z? ]{1,80}$/),
  code: z.string().regex(/^[A-Za-z][A-Za-z.]{1,60}$/),
});
export type IngestFailure = z.infer<typeof IngestFailure>;

/** One run of the ingest, as the sensor ledger has it. Ids, codes, counts and times. */
export const IngestRun = z.strictObject({
  run: z.string(),
  startedAt: time,
  /** When it was about to poll: what was in the queue then is in the poll, if that ended `EMPTY`. */
  beganAt: time.optional(),
  polledAt: time.optional(),
  /** Absent where the poll failed. */
  poll: RecordedPoll.optional(),
  failure: IngestFailure.optional(),
  troubles: z.array(TroubleCount).optional(),
  reportedAt: time.optional(),
});
export type IngestRun = z.infer<typeof IngestRun>;

/** The closed list of fields that a trouble's mail or message on the topic may carry. No PHI fits in. */
export const TroubleFields = z.strictObject({
  kind: z.literal('trouble'),
  study: z.string(),
  run: z.string(),
  troubles: z.array(TroubleCount).min(1).max(Trouble.options.length),
});
export type TroubleFields = z.infer<typeof TroubleFields>;
