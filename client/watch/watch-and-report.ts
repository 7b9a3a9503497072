import process from 'node:process';
import * as z from 'zod';
import type { Deployment } from '../deployment.ts';
import { exitCodes, UserError } from '../exit-codes.ts';
import type { CommandContext } from '../run-command.ts';
import { type ExecutionEnd, watchExecution } from './watch-execution.ts';

/** Follows an execution on stderr; its end is the result, and decides the exit code. */
export async function watchAndReport(
  deployment: Deployment,
  executionArn: string,
  { output, signal }: CommandContext,
): Promise<void> {
  const end = await untilInterrupted(
    watchExecution(
      deployment,
      executionArn,
      {
        happened({ at, sentence, event, ...fields }) {
          const time = at.toISOString().slice(11, 19);
          output.event(event, { at: at.toISOString(), ...fields }, `${time}  ${sentence}`);
        },
        counted({ DONE, FAILED }, objects, seconds) {
          output.progress(
            'objects',
            { objects, done: DONE, failed: FAILED, elapsedSeconds: Math.round(seconds) },
            `${duration(seconds)}  objects: ${DONE} done, ${FAILED} failed of ${objects}`,
          );
        },
        reachable(isReachable) {
          if (isReachable) output.event('reachable', {}, 'AWS answers again');
          else output.event('unreachable', {}, 'AWS cannot be reached; still trying');
        },
      },
      signal,
    ),
    signal,
  );
  output.result({ ...end, executionArn }, sentence(end));
  if (end.status !== 'SUCCEEDED') process.exitCode = exitCodes.failed;
}

/** Ctrl-C ends the watching only, and a person who presses it wants to know. */
async function untilInterrupted(
  watching: Promise<ExecutionEnd>,
  signal: AbortSignal,
): Promise<ExecutionEnd> {
  try {
    return await watching;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new UserError(
      'interrupted',
      'the watching is over, and the execution goes on: czar watch follows it again',
      { cause: error },
    );
  }
}

function sentence({ status, seconds, transitions, error, cause }: ExecutionEnd): string {
  const reason = [error, cause === undefined ? undefined : plainCause(cause)]
    .filter((text) => text !== undefined && text !== '')
    .join(', ');
  const because = reason === '' ? '' : `: ${reason}`;
  return `${status} after ${duration(seconds)} and ${transitions} transitions${because}`;
}

const LambdaCause = z.object({ errorMessage: z.string() });

/** A Lambda's cause is JSON with a stack trace, of which a person needs the message. */
function plainCause(cause: string): string {
  try {
    return LambdaCause.parse(JSON.parse(cause)).errorMessage;
  } catch {
    return cause;
  }
}

function duration(seconds: number): string {
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) =>
    String(Math.floor(part)).padStart(2, '0'),
  );
  return `${hours}:${minutes}:${rest}`;
}
