import { type CheckOptions, checkDefinition } from '../../../workflow/checks/check-definition.ts';
import type { Finding } from '../../../workflow/checks/finding.ts';
import { resolveStudy } from '../../support/resolve.ts';
import { synthesize } from '../../support/synth.ts';
import { readTemplate, type TemplateFunction } from '../state-machine.ts';
import { errorsThrownBy } from './thrown-errors.ts';

/** A state machine of the synthesized templates. */
export interface SynthesizedMachine {
  /** Stack and construct, e.g. `Batch/Lifecycle`. */
  readonly name: string;
  readonly definition: unknown;
}

/** Every state machine that the templates declare, whatever their stack. */
export async function readMachines(): Promise<SynthesizedMachine[]> {
  const { templates } = await synthesize();
  return resolveStudy(templates)
    .filter(({ type }) => type === 'AWS::StepFunctions::StateMachine')
    .map(({ stack, logicalId, properties }) => ({
      name: `${stack}/${logicalId.slice(0, -8)}`,
      definition: JSON.parse(String(properties.DefinitionString)) as unknown,
    }));
}

/** What the checks have to know about a machine besides its definition, by its name. */
const known: Readonly<Record<string, (arnOf: (task: string) => string) => Partial<CheckOptions>>> =
  {
    'Batch/Lifecycle': (arnOf) => ({
      // Open Batch makes the queue and marks the batch as running.
      launching: { states: ['Open Batch'], functions: [arnOf('launch-worker')] },
      terminating: { functions: [arnOf('terminate-workers')] },
      refusals: { 'Open Batch': ['BatchTakenError', 'ManifestMismatchError'] },
      failureStates: ['Terminate After Failure'],
      toleratedFailures: {
        'Notify Done': 'The results are there, mail or not.',
        'Notify Evaporated': 'The proof is there, mail or not.',
        'Retire Worker': 'Terminate finds a worker that could not be retired.',
        'Give Up Worker': 'Its output tells; without any worker left the batch fails.',
      },
    }),
  };

/** Checks one of our machines with what is known about it. */
export async function checkMachine(name: string, definition: unknown): Promise<Finding[]> {
  const { functions } = await readTemplate();
  return checkDefinition(definition, {
    ...known[name]?.((task) => only(functions, (its) => its.task === task).arn),
    throwableErrors: ({ functionName }) => {
      const called = functions.find(({ arn }) => arn === functionName);
      return called === undefined ? [] : errorsThrownBy(called.task);
    },
  });
}

function only(
  functions: readonly TemplateFunction[],
  isIt: (its: TemplateFunction) => boolean,
): TemplateFunction {
  const found = functions.find(isIt);
  if (found === undefined) throw new Error('the template has no such function');
  return found;
}
