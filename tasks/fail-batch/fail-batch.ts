import {
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { LiveRun } from '../../workflow/model/batch-plan.ts';

export const FailBatchInput = z.strictObject({
  ...LiveRun.shape,
  taskToken: z.string().min(1),
  /** What the run failed with: an error's name, and a sentence. */
  error: z.string().min(1),
  cause: z.string(),
});
export type FailBatchInput = z.infer<typeof FailBatchInput>;

export const FailBatchOutput = z.strictObject({ failed: z.boolean() });
export type FailBatchOutput = z.infer<typeof FailBatchOutput>;

/** What Step Functions takes of an error's name and its cause, in characters. */
const longest = { error: 256, cause: 32_768 } as const;

/**
 * Fails its own task with the error of the batch, and with it the execution; in an execution that was
 * redriven since, lets it go on.
 *
 * By the task token, because what a function throws reaches the console as Lambda's JSON, and this is
 * the sentence that a person reads there. A second call finds the task ended, and fails.
 */
export async function failBatch(
  { taskToken, redriven, error, cause }: FailBatchInput,
  { sfn }: { readonly sfn: SFNClient },
): Promise<FailBatchOutput> {
  await (redriven
    ? sfn.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }))
    : sfn.send(
        new SendTaskFailureCommand({
          taskToken,
          error: error.slice(0, longest.error),
          cause: cause.slice(0, longest.cause),
        }),
      ));
  return { failed: !redriven };
}
