import { errorsThrownBy } from '../../../stacks/thrown-errors.ts';
import { checkDefinition } from '../../../workflow/checks/check-definition.ts';
import type { Finding } from '../../../workflow/checks/finding.ts';
import { lifecycleFacts, type MachineFacts } from '../../../workflow/lifecycle-checks.ts';
import { resolveStudy } from '../../support/resolve.ts';
import { synthesize } from '../../support/synth.ts';
import { readTemplate, type TemplateFunction } from '../state-machine.ts';

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

const known: Readonly<Record<string, (arnOf: (task: string) => string) => MachineFacts>> = {
  'Batch/Lifecycle': lifecycleFacts,
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
