import { redriven } from '../../workflow/run.ts';
import { type Asl, allStates, successors, type TemplateFunction } from './state-machine.ts';

/**
 * What must hold of this definition besides what `checkDefinition` finds in any. Each rule answers the places where it does not.
 */
export type Rule = (asl: Asl, functions: readonly TemplateFunction[]) => string[];

/** The state that ends an execution with its batch's error. */
const failing = 'Fail Batch';

/** The smallest `maxSeconds` that a plan can have. */
const leastSeconds = 300;

export const rules = {
  'every Task has a timeout, retries failures of AWS with jitter, and catches everything': (asl) =>
    allStates(asl).flatMap(([name, { Type, TimeoutSeconds, Retry = [], Catch = [] }]) => {
      // Its own rule follows.
      if (Type !== 'Task' || name === failing) return [];
      const retried = new Set(Retry.flatMap(({ ErrorEquals }) => ErrorEquals));
      return [
        TimeoutSeconds === undefined && `${name}: no timeout`,
        !(retried.has('AwsUnavailableError') && retried.has('Lambda.TooManyRequestsException')) &&
          `${name}: no retry`,
        Retry.some(({ JitterStrategy }) => JitterStrategy !== 'FULL') && `${name}: no jitter`,
        Catch.at(-1)?.ErrorEquals.join() !== 'States.ALL' && `${name}: no catch`,
      ].filter((problem) => problem !== false);
    }),

  'nothing retries or catches the error that a batch ends with, or takes it for anything else': (
    asl,
  ) =>
    allStates(asl).flatMap(([name, { Retry = [], Catch = [], Arguments, ...state }]) => {
      if (name !== failing) return [];
      const { error, cause } = Arguments?.Payload ?? {};
      return [
        [...Retry, ...Catch].length > 0 && 'it is not the end',
        !(error === '{% $failure.code %}' && cause === '{% $failure.sentence %}') &&
          'not its error',
        state.Next !== 'Redriven?' && 'it goes on unasked',
      ].filter((problem) => problem !== false);
    }),

  'after Open Batch a task knows whether its run is over, unless it ends things': (asl) => {
    const ending = /^(Retire|Terminate|Prove|Notify Failed|Close Failed)/;
    return allStates(asl).flatMap(([name, { Type, Arguments }]) => {
      const isEarly = name === 'Validate Request' || name === 'Open Batch';
      if (Type !== 'Task' || isEarly || ending.test(name)) return [];
      return Arguments?.Payload.redriven === redriven ? [] : [name];
    });
  },

  'every Map catches everything': (asl) =>
    allStates(asl)
      .filter(
        ([, { Type, Catch }]) =>
          Type === 'Map' && Catch?.at(-1)?.ErrorEquals.join() !== 'States.ALL',
      )
      .map(([name]) => name),

  'a state waits longer than its function may run': (asl, functions) =>
    allStates(asl).flatMap(([name, { Type, Resource, TimeoutSeconds, Arguments }]) => {
      if (Type !== 'Task' || Resource?.endsWith('.waitForTaskToken') === true) return [];
      const its = functions.find(({ arn }) => arn === Arguments?.FunctionName);
      return Number(TimeoutSeconds) > (its?.timeoutSeconds ?? Infinity) ? [] : [name];
    }),

  'every task that waits for a token has a heartbeat, shorter than its timeout': (asl) =>
    allStates(asl).flatMap(([name, { Resource, HeartbeatSeconds, TimeoutSeconds }]) => {
      if (Resource?.endsWith('.waitForTaskToken') !== true) return [];
      const timeout = typeof TimeoutSeconds === 'number' ? TimeoutSeconds : leastSeconds;
      return HeartbeatSeconds !== undefined && HeartbeatSeconds < timeout ? [] : [name];
    }),

  'a batch ends green only after its evaporation was proven and its outcome written': (asl) => {
    const into = (target: string) =>
      allStates(asl).flatMap(([name, state]) =>
        successors(state).flatMap((next) => (next === target ? [name] : [])),
      );
    // One edge each, so not the Catch of the same state as well. Only the mail may fail.
    return [
      into('Batch Succeeded').join() !== 'Close Batch' && 'Batch Succeeded',
      into('Close Batch').some((from) => from !== 'Notify Evaporated') && 'Close Batch',
      into('Notify Evaporated').join() !== 'Prove Evaporated' && 'Notify Evaporated',
    ].filter((problem) => problem !== false);
  },

  'every failure tells its error and a sentence': (asl) =>
    allStates(asl)
      .filter(([, { Type, Error, Cause }]) => Type === 'Fail' && !(Error && Cause))
      .map(([name]) => name),

  'everything is JSONata, and the Map is inline with at most 40 at once': (asl) => {
    const text = JSON.stringify(asl);
    return [
      asl.QueryLanguage !== 'JSONata' && 'QueryLanguage',
      /"[A-Za-z]+\.\$":|"\$\.|"JSONPath"|ResultPath|InputPath|OutputPath/.test(text) && 'JSONPath',
      text.includes('"DISTRIBUTED"') && 'DISTRIBUTED',
      ...allStates(asl).map(([name, { Type, MaxConcurrency }]) =>
        Type === 'Map' && !(MaxConcurrency !== undefined && MaxConcurrency <= 40) ? name : false,
      ),
    ].filter((problem) => problem !== false);
  },
} as const satisfies Record<string, Rule>;
