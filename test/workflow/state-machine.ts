import { resolveStudy } from '../support/resolve.ts';
import { synthesize } from '../support/synth.ts';

/** A state of the definition, as far as the tests read it. */
export interface AslState {
  readonly Type: string;
  readonly Comment?: string;
  Next?: string;
  readonly End?: boolean;
  Default?: string;
  Choices?: { Condition: string; Next: string }[];
  Catch?: { ErrorEquals: string[]; Next: string }[];
  Retry?: { ErrorEquals: string[]; MaxAttempts: number; JitterStrategy?: string }[];
  TimeoutSeconds?: number | string;
  HeartbeatSeconds?: number;
  Resource?: string;
  Arguments?: { FunctionName: string; Payload: Record<string, unknown> };
  Assign?: Record<string, unknown>;
  Error?: string;
  Cause?: string;
  readonly ItemProcessor?: AslBranch;
  MaxConcurrency?: number;
}

export interface AslBranch {
  readonly StartAt: string;
  readonly States: Record<string, AslState>;
}

export interface Asl extends AslBranch {
  readonly QueryLanguage: string;
  readonly TimeoutSeconds: number;
}

/** A function of BatchStack's template: its folder under `tasks/`, its environment, its time. */
export interface TemplateFunction {
  readonly task: string;
  readonly arn: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
}

const kebabCase = (pascal: string): string =>
  pascal.replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();

/** The definition and the functions as the synthesized template has them, intrinsics resolved. */
export async function readTemplate(): Promise<{ asl: Asl; functions: TemplateFunction[] }> {
  const resources = resolveStudy((await synthesize()).templates).filter(
    ({ stack }) => stack === 'Batch',
  );
  const machine = resources.find(({ type }) => type === 'AWS::StepFunctions::StateMachine')!;
  const functions = resources.filter(({ type }) => type === 'AWS::Lambda::Function');
  return {
    asl: JSON.parse(String(machine.properties.DefinitionString)) as Asl,
    functions: functions.map(({ logicalId, arn, properties }) => ({
      task: kebabCase(/^(?:Tasks|Events)(.+)[0-9A-F]{8}$/.exec(logicalId)![1]!),
      arn,
      environment:
        (properties.Environment as { Variables?: Record<string, string> } | undefined)?.Variables ??
        {},
      timeoutSeconds: Number(properties.Timeout),
    })),
  };
}

/** All states of a definition, those of its Map included, by name. */
export function allStates(branch: AslBranch): [string, AslState][] {
  return Object.entries(branch.States).flatMap(([name, state]): [string, AslState][] => [
    [name, state],
    ...(state.ItemProcessor === undefined ? [] : allStates(state.ItemProcessor)),
  ]);
}

/** Where a state can lead to. */
export function successors({ Next, Default, Choices = [], Catch = [] }: AslState): string[] {
  return [Next, Default, ...[...Choices, ...Catch].map((rule) => rule.Next)].filter(
    (next) => next !== undefined,
  );
}
