import { describe, expect, it } from 'vitest';
import { errorsThrownBy } from '../../../stacks/thrown-errors.ts';
import { checkDefinition } from '../../../workflow/checks/check-definition.ts';
import type { RuleName } from '../../../workflow/checks/finding.ts';
import { ingestFacts } from '../../../workflow/ingest-checks.ts';
import type { AslState } from '../state-machine.ts';
import { synthesizeIngest } from './synthesize-ingest.ts';

const asl = synthesizeIngest();

const check = (definition: unknown) =>
  checkDefinition(definition, {
    ...ingestFacts(),
    throwableErrors: ({ functionName = '' }) =>
      errorsThrownBy(functionName.slice(functionName.lastIndexOf(':') + 1)),
  });

describe('the ingest', () => {
  it('passes the static checks', () => {
    expect(check(asl)).toEqual([]);
  });

  it.each<[RuleName, string, string, (state: AslState) => void]>([
    [
      'failure-ends-well',
      'a failed poll that ends green',
      'Poll',
      ({ Catch }) => (Catch![1]!.Next = 'Record Poll'),
    ],
    [
      'failure-ends-well',
      'a silent poller that ends green',
      'Poll',
      ({ Catch }) => (Catch![0]!.Next = 'Ingest Done'),
    ],
    [
      'failure-ends-well',
      'a stopped workbench that ends green',
      'Check Workbench',
      ({ Catch }) => (Catch![2]!.Next = 'Ingest Done'),
    ],
    [
      'failure-ends-well',
      'a failure path that ends green',
      'Notify Failure',
      (state) => (state.Next = 'Ingest Done'),
    ],
    [
      'failure-ends-well',
      'a trouble that could not be told, passed over',
      'Notify Trouble',
      ({ Catch }) => (Catch![0]!.Next = 'Ingest Done'),
    ],
    [
      'unassigned-variable',
      'a failure path that tells what only a poll knows',
      'Report Gaps After Failure',
      ({ Arguments }) => (Arguments!.Payload.poll = '{% $poll %}'),
    ],
    ['no-timeout', 'a Task without a timeout', 'Poll', (state) => delete state.TimeoutSeconds],
    [
      'heartbeat-too-long',
      'a heartbeat as long as the timeout',
      'Poll',
      (state) => (state.HeartbeatSeconds = 900),
    ],
    [
      'hidden-error-rule',
      'a catcher behind States.ALL',
      'Check Workbench',
      ({ Catch }) => Catch!.reverse(),
    ],
    [
      'unthrown-error',
      'a mistyped error name',
      'Check Workbench',
      ({ Catch }) => Catch![0]!.ErrorEquals.splice(0, 1, 'IngestBussyError'),
    ],
    [
      'unbounded-loop',
      'a poll that is repeated whenever it failed',
      'Report Gaps After Failure',
      (state) => (state.Next = 'Poll'),
    ],
  ])('would be found out by %s with %s', (rule, _, name, change) => {
    const broken = structuredClone(asl);
    change(broken.States[name]!);

    expect(check(broken).map((finding) => finding.rule)).toContain(rule);
  });
});

describe('the errors that the ingest matches', () => {
  it.each([
    ['check-workbench', 'IngestBusyError'],
    ['check-workbench', 'RequestRefusedError'],
    ['check-workbench', 'WorkbenchStoppedError'],
    ['check-workbench', 'WorkbenchUnreachableError'],
    ['poll-sensors', 'WorkbenchUnreachableError'],
  ])('are thrown: by %s, %s', (task, error) => {
    expect(errorsThrownBy(task)).toContain(error);
  });

  it('are none of a worker', () => {
    expect(errorsThrownBy('poll-sensors')).not.toContain('WorkerLostError');
  });
});
