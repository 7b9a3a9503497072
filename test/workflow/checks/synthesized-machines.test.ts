import { beforeAll, describe, expect, it } from 'vitest';
import type { RuleName } from '../../../workflow/checks/finding.ts';
import { allStates, type Asl, type AslState } from '../state-machine.ts';
import { checkMachine, readMachines, type SynthesizedMachine } from './synthesized-machines.ts';

const lifecycle = 'Batch/Lifecycle';

let machines: SynthesizedMachine[];

beforeAll(async () => {
  machines = await readMachines();
});

/** The lifecycle's definition with one state of it changed. */
function broken(name: string, change: (state: AslState) => void): Asl {
  const { definition } = machines.find((machine) => machine.name === lifecycle)!;
  const copy = structuredClone(definition) as Asl;
  change(allStates(copy).find(([found]) => found === name)![1]);
  return copy;
}

describe('every state machine of the templates', () => {
  it('passes the static checks', async () => {
    const findings = await Promise.all(
      machines.map(async ({ name, definition }) => ({
        name,
        findings: await checkMachine(name, definition),
      })),
    );

    expect(findings).toContainEqual({ name: lifecycle, findings: [] });
    expect(findings.filter((machine) => machine.findings.length > 0)).toEqual([]);
  });

  it.each<[RuleName, string, string, (state: AslState) => void]>([
    [
      'unreachable-state',
      'a state that nothing leads to',
      'Notify Working',
      (state) => (state.Next = 'Any Worker Left?'),
    ],
    [
      'shadowed-rule',
      'a rule behind one that always holds',
      'Any Worker Left?',
      ({ Choices }) => Choices!.unshift({ Condition: '{% true %}', Next: 'Consolidate' }),
    ],
    [
      'shadowed-rule',
      'a rule behind one with fewer demands',
      'Try Again?',
      ({ Choices }) => Choices!.unshift({ Condition: '{% $attempt < 5 %}', Next: 'Launch Worker' }),
    ],
    [
      'failure-ends-well',
      'a proof that is caught and passed over',
      'Prove Evaporated',
      ({ Catch }) => (Catch![0]!.Next = 'Notify Evaporated'),
    ],
    [
      'failure-ends-well',
      'an outcome that could not be written, passed over',
      'Close Batch',
      ({ Catch }) => (Catch![0]!.Next = 'Batch Succeeded'),
    ],
    [
      'failure-ends-well',
      'a batch without workers that goes on',
      'Close Failed Batch',
      (state) => (state.Next = 'Batch Succeeded'),
    ],
    [
      'failure-ends-well',
      'a failed worker that ends as one that worked',
      'Configure Worker',
      ({ Catch }) => (Catch![0]!.Next = 'Process'),
    ],
    [
      'failure-ends-well',
      'a failed batch that goes on though nobody redrove it',
      'Redriven?',
      (state) => (state.Default = 'Open Batch'),
    ],
    [
      'failure-ends-well',
      'a failure that counts as over without a redrive',
      'Redriven?',
      ({ Choices }) => (Choices![0]!.Condition = "{% $failure.code != 'PermissionError' %}"),
    ],
    [
      'failure-ends-well',
      'a failed batch that a redrive makes a success',
      'Redriven?',
      ({ Choices }) => (Choices![0]!.Next = 'Batch Succeeded'),
    ],
    [
      'failure-ends-well',
      'a failure to fail that opens the batch again',
      'Fail Batch',
      (state) => (state.Catch = [{ ErrorEquals: ['States.ALL'], Next: 'Open Batch' }]),
    ],
    [
      'skipped-termination',
      'a failure that goes straight to its end',
      'Notify Working',
      ({ Catch }) => (Catch![0]!.Next = 'Batch Failed'),
    ],
    [
      'skipped-termination',
      'an unknown failure of Open Batch taken for a refusal',
      'Open Batch',
      ({ Catch }) => (Catch![1]!.Next = 'Batch Refused'),
    ],
    [
      'skipped-termination',
      'workers whose failure nothing catches',
      'Workers',
      (state) => delete state.Catch,
    ],
    [
      'skipped-termination',
      'a Choice that may find no rule',
      'Any Worker Left?',
      (state) => delete state.Default,
    ],
    [
      'unassigned-variable',
      'a worker retired by an id that a half-succeeded launch never told',
      'Retire Worker',
      ({ Arguments }) => (Arguments!.Payload.instanceId = '{% $instanceId %}'),
    ],
    [
      'unassigned-variable',
      'an end that tells what only a success knows',
      'Notify Failed',
      ({ Arguments }) => (Arguments!.Payload.done = '{% $consolidated.done %}'),
    ],
    [
      'lost-input',
      'a worker retired by an id that its failed launch passes on to nobody',
      'Retire Worker',
      ({ Arguments }) => (Arguments!.Payload.instanceId = '{% $states.input.instanceId %}'),
    ],
    [
      'unbounded-loop',
      'an attempt that is always repeated',
      'Retire Worker',
      (state) => (state.Next = 'Launch Worker'),
    ],
    [
      'unbounded-loop',
      'an attempt that is compared but not counted',
      'Try Again?',
      ({ Choices }) => delete (Choices![0] as { Assign?: unknown }).Assign,
    ],
    [
      'unbounded-loop',
      'an attempt that is counted but not compared',
      'Try Again?',
      ({ Choices }) => (Choices![0]!.Condition = "{% $problem.code = 'WorkerLostError' %}"),
    ],
    [
      'unbounded-loop',
      'a redrive that is compared but not noted',
      'Open Batch',
      ({ Catch }) => delete (Catch![1] as { Assign?: Record<string, unknown> }).Assign!.redrive,
    ],
    [
      'unbounded-loop',
      'a redrive that is noted but not asked for',
      'Fail Batch',
      (state) => (state.Next = 'Open Batch'),
    ],
    [
      'unbounded-loop',
      'any redrive at all, and not one since',
      'Redriven?',
      ({ Choices }) =>
        (Choices![0]!.Condition = '{% $states.context.Execution.RedriveCount > 0 %}'),
    ],
    [
      'no-timeout',
      'a Task without a timeout',
      'Deliver Key',
      (state) => delete state.TimeoutSeconds,
    ],
    [
      'heartbeat-too-long',
      'a heartbeat as long as the timeout',
      'Configure Worker',
      (state) => (state.HeartbeatSeconds = 600),
    ],
    [
      'hidden-error-rule',
      'a catcher behind States.ALL',
      'Consolidate',
      ({ Catch }) => Catch!.reverse(),
    ],
    [
      'hidden-error-rule',
      'a retrier behind States.ALL',
      'Launch Worker',
      ({ Retry }) => (Retry![0]!.ErrorEquals = ['States.ALL']),
    ],
    [
      'unthrown-error',
      'a mistyped error name',
      'Launch Worker',
      ({ Retry }) => Retry![0]!.ErrorEquals.splice(0, 1, 'InsufficientCapacityErorr'),
    ],
    [
      'unthrown-error',
      'an error that the task never throws',
      'Close Batch',
      ({ Retry }) => Retry![0]!.ErrorEquals.push('KeyUnavailableError'),
    ],
    [
      'unthrown-error',
      'a heartbeat waited for where none is sent',
      'Await Worker',
      ({ Retry }) => Retry![0]!.ErrorEquals.push('States.HeartbeatTimeout'),
    ],
  ])('would be found out by %s with %s', async (rule, _, state, change) => {
    const findings = await checkMachine(lifecycle, broken(state, change));

    expect(findings.map((finding) => finding.rule)).toContain(rule);
  });
});
