import { Stack } from 'aws-cdk-lib';
import {
  CfnStateMachine,
  DefinitionBody,
  QueryLanguage,
  StateMachine,
} from 'aws-cdk-lib/aws-stepfunctions';
import { describe, expect, it } from 'vitest';
import { addTestStudy } from '../support/synth.ts';

/** Synthesizes a study whose lifecycle has another text in place of one. */
async function synthesizeWith(text: string, other: string): Promise<void> {
  const app = await addTestStudy();
  const machine = app.node.findAll().find((construct) => construct instanceof CfnStateMachine)!;
  const written = JSON.stringify(Stack.of(machine).resolve(machine.definitionString));
  const inText = (json: string) => JSON.stringify(json).slice(1, -1);
  const changed = written.replaceAll(inText(text), inText(other));
  expect(changed).not.toBe(written);
  machine.addPropertyOverride('DefinitionString', JSON.parse(changed));
  app.synth();
}

describe('a synth', () => {
  it('reads the machine of the sensor ingest with the rest, by facts of its own', async () => {
    const app = await addTestStudy({ ingest: true });
    const machine = app.node
      .findAll()
      .find((one) => one instanceof CfnStateMachine && Stack.of(one).node.id === 'Ingest');
    if (!(machine instanceof CfnStateMachine)) throw new Error('there is none');
    machine.addPropertyOverride(
      'DefinitionString',
      JSON.stringify({
        QueryLanguage: 'JSONata',
        StartAt: 'Good',
        States: { Good: { Type: 'Succeed' }, Lost: { Type: 'Fail' } },
      }),
    );

    expect(() => app.synth()).toThrow(/names Another Run Is On[^]*Ingest\/Polls/);
  });

  it.each([
    [
      'skipped-termination',
      'failures that go straight to their end',
      '"Next":"Terminate After Failure"',
      '"Next":"Batch Failed"',
      '/States/Batch Failed: after Open Batch, the end in Batch Failed ends the execution',
    ],
    [
      'unthrown-error',
      'a mistyped error name',
      '"InsufficientCapacityError"',
      '"InsufficientCapacityErorr"',
      'nothing in Launch Worker throws InsufficientCapacityErorr',
    ],
    [
      'unreadable-definition',
      'another query language',
      '"QueryLanguage":"JSONata"',
      '"QueryLanguage":"JSONPath"',
      '/QueryLanguage must be JSONata',
    ],
  ])('fails by %s with %s, and says where', async (rule, _, text, other, where) => {
    const synthesized = synthesizeWith(text, other);

    await expect(synthesized).rejects.toThrow(rule);
    await expect(synthesized).rejects.toThrow(where);
    await expect(synthesized).rejects.toThrow('Batch/Lifecycle');
  });

  it('fails with a fault in a machine of another stack, about which nothing is known', async () => {
    const app = await addTestStudy();
    const stack = new Stack(app, 'Other');
    new StateMachine(stack, 'Machine', {
      queryLanguage: QueryLanguage.JSONATA,
      definitionBody: DefinitionBody.fromString(
        JSON.stringify({
          QueryLanguage: 'JSONata',
          StartAt: 'Good',
          States: { Good: { Type: 'Succeed' }, Lost: { Type: 'Fail' } },
        }),
      ),
    });

    expect(() => app.synth()).toThrow(
      /enters the state Lost[^]*Other\/Machine[^]*unreachable-state/,
    );
  });
});
