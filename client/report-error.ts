import * as z from 'zod';
import { awsAnswer, awsFailure, type AwsFailure, errorCode } from './aws-failure.ts';
import { type Failure, UserError } from './exit-codes.ts';

const awsFailures: Readonly<Record<AwsFailure, readonly [Failure, string]>> = {
  denied: ['denied', 'AWS denied the call: this role may not do that'],
  credentials: ['denied', 'there are no valid AWS credentials'],
  clock: ['denied', "AWS refused the call because this machine's clock is wrong"],
  network: ['tryAgain', 'the deployment cannot be reached'],
  service: ['tryAgain', 'AWS failed to answer'],
};

/**
 * Turns what was thrown into one sentence for a person.
 *
 * Messages of AWS, of Node and of libraries may repeat a request's values or a file's name, so only
 * their codes are shown.
 */
export function reportError(error: unknown): UserError {
  if (error instanceof UserError) return error;
  if (error instanceof z.ZodError) {
    return new UserError(
      'unavailable',
      'the deployment answers in another form than this czar reads: bring both to one version',
      { cause: error },
    );
  }
  if (!(error instanceof Error)) return new UserError('defect', 'unexpected failure');
  const code = errorCode(error);
  const because = { cause: error };
  const failure = awsFailure(error);
  if (failure !== undefined) {
    const [kind, sentence] = awsFailures[failure];
    return new UserError(kind, `${sentence} (${code})`, because);
  }
  const answer = awsAnswer(error);
  if (answer !== undefined) {
    const request = answer.requestId === undefined ? '' : `, request ${answer.requestId}`;
    return new UserError('unavailable', `AWS refused the call (${code}${request})`, because);
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new UserError('cannotWrite', `this machine's disk is full (${code})`, because);
  }
  if ('syscall' in error) {
    return new UserError(
      'cannotWrite',
      `a file or folder on this machine cannot be used (${code})`,
      because,
    );
  }
  return new UserError('defect', `a defect of czar: ${code}${placeOf(error)}`, because);
}

/** The first frame of czar's own in a stack, which is what a report of a defect needs. */
function placeOf(error: Error): string {
  const root = new URL('..', import.meta.url).href;
  const frame = error.stack
    ?.split('\n')
    .find((line) => line.includes(root) && line.includes('.ts:'));
  const place = frame?.slice(frame.indexOf(root) + root.length).replace(/\)?$/, '');
  return place === undefined || place.startsWith('node_modules/') ? '' : ` at ${place}`;
}
