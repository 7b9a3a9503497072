import * as z from 'zod';

/** EventBridge's hourly event: look for everything that outlived its execution. */
export const HourlyEvent = z.object({ 'detail-type': z.literal('Scheduled Event') });

/** Ends of an execution that run no Catch, or may have come before the machine's own clean-up. */
export const UncleanStatus = z.enum(['ABORTED', 'TIMED_OUT', 'FAILED']);
export type UncleanStatus = z.infer<typeof UncleanStatus>;

/**
 * EventBridge's event for an execution that ended. What is read of it: AWS adds fields at will.
 *
 * `input` is what a person typed, so only a batch id is ever taken from it.
 */
export const ExecutionEndedEvent = z.object({
  'detail-type': z.literal('Step Functions Execution Status Change'),
  detail: z.object({
    executionArn: z.string().min(1),
    status: z.enum(['SUCCEEDED', ...UncleanStatus.options]),
    input: z.string().nullish(),
    error: z.string().nullish(),
    /** How often the execution had been redriven when it ended so. */
    redriveCount: z.int().min(0).nullish(),
  }),
});
export type ExecutionEndedEvent = z.infer<typeof ExecutionEndedEvent>;

export const SweepEvent = z.discriminatedUnion('detail-type', [HourlyEvent, ExecutionEndedEvent]);
export type SweepEvent = z.infer<typeof SweepEvent>;
