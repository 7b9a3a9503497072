import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../../stacks/bundles.ts';
import * as errors from '../../workflow/model/errors.ts';
import {
  type Asl,
  allStates,
  type AslBranch,
  successors,
  type TemplateFunction,
} from './state-machine.ts';

/**
 * What must hold of the definition. Each rule answers the places where it does not.
 */
export type Rule = (asl: Asl, functions: readonly TemplateFunction[]) => string[];

/** Error names that AWS documents for Lambda tasks and timeouts. */
const awsErrors = new Set([
  'States.ALL',
  'States.HeartbeatTimeout',
  'States.Timeout',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.Unknown',
  'Sandbox.Timedout',
]);

const ourErrors = new Set(
  Object.values(errors).flatMap((error) => ('code' in error ? [error.code] : [])),
);

/** Source of a module and of all of ours that it imports. */
function sourceOf(file: string, seen = new Set<string>()): string {
  if (seen.has(file)) return '';
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  const imports = [...source.matchAll(/from '(\.[^']+)'/g)].map(([, path]) =>
    join(dirname(file), path!),
  );
  return source + imports.map((path) => sourceOf(path, seen)).join('\n');
}

/** The smallest `maxSeconds` that a plan can have. */
const leastSeconds = 300;

export const rules = {
  'every error name of a Retry or Catch exists, and the state’s task can throw it': (
    asl,
    functions,
  ) =>
    allStates(asl).flatMap(([name, state]) => {
      const named = [...(state.Retry ?? []), ...(state.Catch ?? [])].flatMap(
        (rule) => rule.ErrorEquals,
      );
      const task = functions.find(({ arn }) => arn === state.Arguments?.FunctionName)?.task;
      const source = task === undefined ? '' : sourceOf(join(root, 'tasks', task, 'handler.ts'));
      return named
        .filter((error) => !awsErrors.has(error))
        .filter((error) => !ourErrors.has(error) || !source.includes(`new ${error}(`))
        .map((error) => `${name}: ${error}`);
    }),

  'every Task has a timeout, retries failures of AWS with jitter, and catches everything': (asl) =>
    allStates(asl).flatMap(([name, { Type, TimeoutSeconds, Retry = [], Catch = [] }]) => {
      if (Type !== 'Task') return [];
      const retried = new Set(Retry.flatMap(({ ErrorEquals }) => ErrorEquals));
      return [
        TimeoutSeconds === undefined && `${name}: no timeout`,
        !(retried.has('AwsUnavailableError') && retried.has('Lambda.TooManyRequestsException')) &&
          `${name}: no retry`,
        Retry.some(({ JitterStrategy }) => JitterStrategy !== 'FULL') && `${name}: no jitter`,
        Catch.at(-1)?.ErrorEquals.join() !== 'States.ALL' && `${name}: no catch`,
      ].filter((problem) => problem !== false);
    }),

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

  'every path to an end after Open Batch passes a Terminate': (asl) => {
    const { States } = asl;
    const leaks: string[] = [];
    const seen = new Set<string>();
    const visit = (name: string): void => {
      if (seen.has(name) || name.startsWith('Terminate')) return;
      seen.add(name);
      const next = successors(States[name]!);
      if (next.length === 0) leaks.push(name);
      next.forEach(visit);
    };
    const open = States['Open Batch']!;
    // Two errors say that the batch was not opened.
    const refusals = new Set(['BatchTakenError', 'ManifestMismatchError']);
    const afterwards = (open.Catch ?? []).filter(
      ({ ErrorEquals }) => !ErrorEquals.every((error) => refusals.has(error)),
    );
    [open.Next!, ...afterwards.map(({ Next }) => Next)].forEach(visit);
    return leaks;
  },

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

  'no loop is unbounded': (asl) => {
    const unbounded: string[] = [];
    const inBranch = (branch: AslBranch): void => {
      for (const start of Object.keys(branch.States)) {
        // A cycle may pass one Choice only, which counts attempts.
        const seen = new Set<string>();
        const reaches = (name: string): boolean =>
          successors(branch.States[name]!).some((next) => {
            const counts = branch.States[next]!.Choices?.every(({ Condition }) =>
              /\$attempt < \d/.test(Condition),
            );
            if (next === start) return counts !== true;
            if (seen.has(next) || counts === true) return false;
            seen.add(next);
            return reaches(next);
          });
        if (branch.States[start]!.Type !== 'Choice' && reaches(start)) unbounded.push(start);
      }
      for (const { ItemProcessor } of Object.values(branch.States)) {
        if (ItemProcessor !== undefined) inBranch(ItemProcessor);
      }
    };
    inBranch(asl);
    return unbounded;
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
