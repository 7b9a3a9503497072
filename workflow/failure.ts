import { type CatchProps, Errors } from 'aws-cdk-lib/aws-stepfunctions';
import { WorkerLostError } from './model/errors.ts';

/**
 * JSONata that tells an error in one sentence.
 *
 * A function's error comes as Lambda's JSON, of which only its message is told; a worker's is a
 * sentence already; a timeout has none (its cause is null, empty or absent), so its state and name
 * stand in.
 */
export const sentence = [
  "$type($states.errorOutput.Cause) = 'string' and $states.errorOutput.Cause != ''",
  '? ($contains($states.errorOutput.Cause, \'"errorMessage"\')',
  '? $parse($states.errorOutput.Cause).errorMessage',
  ': $states.errorOutput.Cause)',
  ": 'the state ' & $states.context.State.Name & ' ended with ' & $states.errorOutput.Error",
].join(' ');

const code = '{% $states.errorOutput.Error %}';
const state = '{% $states.context.State.Name %}';
const told = { code, sentence: `{% ${sentence} %}` };

/**
 * What stands for missed heartbeats, which Step Functions reports as `States.Timeout`: only a Catch
 * of their own tells them from a time that was used up.
 */
const silence = {
  code: WorkerLostError.code,
  sentence: "{% 'the worker sent no heartbeat in the state ' & $states.context.State.Name %}",
};

/** Notes why the batch fails, in the variable `$failure` that its end tells. */
export const noteFailure: CatchProps = { outputs: {}, assign: { failure: told } };

/** Notes that the batch fails because a worker fell silent. To be added before the others. */
export const noteSilentFailure: CatchProps = {
  errors: [Errors.HEARTBEAT_TIMEOUT],
  outputs: {},
  assign: { failure: silence },
};

/**
 * Notes that something outlived a batch which had failed before: the more urgent of the two leads,
 * and the first is told behind it.
 */
export const noteRemnants: CatchProps = {
  outputs: {},
  assign: {
    failure: {
      code,
      sentence: `{% (${sentence}) & '; before that: ' & $failure.sentence %}`,
    },
  },
};

/** Notes why a worker's attempt failed, in the iteration's own variable `$problem`. */
export const noteProblem: CatchProps = { outputs: {}, assign: { problem: { ...told, state } } };

/** Notes that a worker's attempt failed because it fell silent. To be added before the others. */
export const noteSilentProblem: CatchProps = {
  errors: [Errors.HEARTBEAT_TIMEOUT],
  outputs: {},
  assign: { problem: { ...silence, state } },
};

/** Goes on in spite of an error, and notes nothing. */
export const goOn: CatchProps = { outputs: {} };
