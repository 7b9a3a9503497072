import validateAsl from 'asl-validator';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseDefinition } from '../../local/asl/definition.ts';
import { type Rule, rules } from './rules.ts';
import {
  allStates,
  type Asl,
  type AslBranch,
  type AslState,
  readTemplate,
  successors,
  type TemplateFunction,
} from './state-machine.ts';

let asl: Asl;
let functions: TemplateFunction[];

beforeAll(async () => {
  ({ asl, functions } = await readTemplate());
});

/** The definition with one state of it changed. */
function broken(name: string, change: (state: AslState) => void): Asl {
  const copy = structuredClone(asl);
  change(allStates(copy).find(([found]) => found === name)![1]);
  return copy;
}

/** The states in the order of the story: what goes well before what goes wrong. */
function told({ StartAt, States }: AslBranch, seen = new Set<string>()): [string, AslState][] {
  const walk = (name: string): [string, AslState][] => {
    const state = States[name];
    if (state === undefined || seen.has(name)) return [];
    seen.add(name);
    const inside = state.ItemProcessor === undefined ? [] : told(state.ItemProcessor, seen);
    return [[name, state], ...inside, ...successors(state).flatMap(walk)];
  };
  return walk(StartAt);
}

describe('the lifecycle of a batch', () => {
  it.each(Object.entries<Rule>(rules))('keeps the rule: %s', (_, rule) => {
    expect(rule(asl, functions)).toEqual([]);
  });

  it.each<[keyof typeof rules, string, string, (state: AslState) => void]>([
    [
      'every Task has a timeout, retries failures of AWS with jitter, and catches everything',
      'a Task without a timeout',
      'Deliver Key',
      (state) => delete state.TimeoutSeconds,
    ],
    [
      'every Task has a timeout, retries failures of AWS with jitter, and catches everything',
      'a Task without retries',
      'Retire Worker',
      (state) => delete state.Retry,
    ],
    [
      'every Task has a timeout, retries failures of AWS with jitter, and catches everything',
      'a Task that catches one error only',
      'Notify Failed',
      ({ Catch }) => (Catch![0]!.ErrorEquals = ['AwsUnavailableError']),
    ],
    [
      'every Task has a timeout, retries failures of AWS with jitter, and catches everything',
      'retries in step',
      'Terminate',
      ({ Retry }) => delete Retry![0]!.JitterStrategy,
    ],
    [
      'nothing retries or catches the error that a batch ends with, or takes it for anything else',
      'a retrier that takes the batch’s error for one of AWS',
      'Fail Batch',
      (state) =>
        (state.Retry = [
          { ErrorEquals: ['AwsUnavailableError'], MaxAttempts: 6, JitterStrategy: 'FULL' },
        ]),
    ],
    [
      'nothing retries or catches the error that a batch ends with, or takes it for anything else',
      'an end that goes on whether it was redriven or not',
      'Fail Batch',
      (state) => (state.Next = 'Open Batch'),
    ],
    [
      'after Open Batch a task knows whether its run is over, unless it ends things',
      'a launch that does not know it',
      'Launch Worker',
      ({ Arguments }) => delete Arguments!.Payload.redriven,
    ],
    [
      'every Map catches everything',
      'a Map without a catch',
      'Workers',
      (state) => delete state.Catch,
    ],
    [
      'a state waits longer than its function may run',
      'a state that gives up before its function',
      'Open Batch',
      (state) => (state.TimeoutSeconds = 900),
    ],
    [
      'every task that waits for a token has a heartbeat, shorter than its timeout',
      'a token task without a heartbeat',
      'Process',
      (state) => delete state.HeartbeatSeconds,
    ],
    [
      'every task that waits for a token has a heartbeat, shorter than its timeout',
      'a heartbeat as long as the timeout',
      'Configure Worker',
      (state) => (state.HeartbeatSeconds = 600),
    ],
    [
      'a batch ends green only after its evaporation was proven and its outcome written',
      'a proof that is caught and passed over',
      'Prove Evaporated',
      ({ Catch }) => (Catch![0]!.Next = 'Notify Evaporated'),
    ],
    [
      'a batch ends green only after its evaporation was proven and its outcome written',
      'an outcome that could not be written, passed over',
      'Close Batch',
      ({ Catch }) => (Catch![0]!.Next = 'Batch Succeeded'),
    ],
    [
      'every failure tells its error and a sentence',
      'a Fail without a cause',
      'Batch Failed',
      (state) => delete state.Cause,
    ],
    [
      'everything is JSONata, and the Map is inline with at most 40 at once',
      'a path of the other query language',
      'Close Batch',
      (state) => (state.Arguments!.Payload['batchId.$'] = '$.batchId'),
    ],
    [
      'everything is JSONata, and the Map is inline with at most 40 at once',
      'a Map without a limit',
      'Workers',
      (state) => delete state.MaxConcurrency,
    ],
  ])('would break the rule “%s” with %s', (rule, _, state, change) => {
    expect(rules[rule](broken(state, change), functions)).not.toEqual([]);
  });

  it('is understood by the embedded interpreter, and valid for another reader of the language', () => {
    expect(() => parseDefinition(asl)).not.toThrow();
    expect(validateAsl(asl)).toMatchObject({ isValid: true });
  });

  it('would be refused by both with a transition to nowhere', () => {
    const lost = broken('Terminate', (state) => (state.Next = 'Nowhere'));

    expect(() => parseDefinition(lost)).toThrow('names no state of this branch');
    expect(validateAsl(lost).isValid).toBe(false);
  });

  it('explains every state in the console', () => {
    const silent = allStates(asl).filter(
      ([, { Type, Comment }]) => !Comment && !/Succeed|Fail/.test(Type),
    );

    expect(silent.map(([name]) => name)).toEqual([]);
  });

  it('reads as the story of a batch', () => {
    const story = told(asl).map(
      ([name, state]) => `${name} > ${[...new Set(successors(state))].join(' | ')}`,
    );

    expect(story).toMatchInlineSnapshot(`
      [
        "Validate Request > Open Batch | Batch Refused",
        "Open Batch > Notify Working | Batch Refused | Terminate After Failure",
        "Notify Working > Workers | Terminate After Failure",
        "Workers > Any Worker Left? | Terminate After Failure",
        "First Attempt > Launch Worker",
        "Launch Worker > Await Worker | Retire Worker",
        "Await Worker > Configure Worker | Retire Worker",
        "Configure Worker > Deliver Key | Retire Worker",
        "Deliver Key > Process | Retire Worker",
        "Process > Retire Worker",
        "Retire Worker > Try Again?",
        "Try Again? > Give Up Worker | Launch Worker",
        "Give Up Worker > ",
        "Any Worker Left? > Consolidate | Terminate After Failure",
        "Consolidate > Notify Done | Terminate After Failure",
        "Notify Done > Terminate",
        "Terminate > Prove Evaporated | Terminate After Failure",
        "Prove Evaporated > Notify Evaporated | Terminate After Failure",
        "Notify Evaporated > Close Batch",
        "Close Batch > Batch Succeeded | Terminate After Failure",
        "Batch Succeeded > ",
        "Terminate After Failure > Prove Evaporated After Failure",
        "Prove Evaporated After Failure > Notify Failed",
        "Notify Failed > Close Failed Batch",
        "Close Failed Batch > Fail Batch",
        "Fail Batch > Redriven?",
        "Redriven? > Batch Failed | Open Batch",
        "Batch Failed > ",
        "Batch Refused > ",
      ]
    `);
  });
});
