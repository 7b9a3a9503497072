import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTaskStates, type TaskState } from '../failures/support/task-states.ts';

/** A state, as far as mutations change it. */
interface State {
  Catch?: { ErrorEquals: string[] }[];
  HeartbeatSeconds?: number;
  ItemProcessor?: Machine;
}
interface Machine {
  States: Record<string, State>;
}

interface Template {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
}

/** One thing taken out of the lifecycle, and the cell of the failure prover that misses it. */
export interface Mutation {
  readonly name: string;
  /** Changes a parsed definition; undefined where the definition stays as it is. */
  readonly mutate?: (definition: unknown) => void;
  /** Changes the rest of the template. */
  readonly change?: (template: Template) => void;
  readonly foundBy: { readonly state: string; readonly fault: string };
}

/** Each Catch and each heartbeat of the lifecycle, and the rule that calls the sweeper, and evidence behind it. */
export function readMutations(assemblyDirectory: string): Mutation[] {
  const definition = textOf(readTemplate(assemblyDirectory)).parse();
  const tasks = readTaskStates(assemblyDirectory);
  return [
    ...eachState(definition).flatMap(([name, state]) => [
      ...(state.Catch ?? []).map((caught, index) => catchMutation(name, caught, index)),
      ...(state.HeartbeatSeconds === undefined ? [] : [heartbeatMutation(name, tasks)]),
    ]),
    {
      name: 'the sweeper without the event of an execution that was stopped',
      change: ({ Resources }) => {
        for (const { Type, Properties } of Object.values(Resources)) {
          const isEnd = JSON.stringify(Properties).includes('Execution Status Change');
          if (Type === 'AWS::Events::Rule' && isEnd) Properties.State = 'DISABLED';
        }
      },
      foundBy: { state: 'Process', fault: 'has its execution stopped' },
    },
    {
      name: 'the event of an end without those that SUCCEEDED',
      change: ({ Resources }) => {
        for (const { Type, Properties } of Object.values(Resources)) {
          const { detail } = (Properties.EventPattern ?? {}) as { detail?: { status?: string[] } };
          if (Type !== 'AWS::Events::Rule' || detail?.status === undefined) continue;
          detail.status = detail.status.filter((status) => status !== 'SUCCEEDED');
        }
      },
      foundBy: { state: 'Close Batch', fault: 'answers off contract' },
    },
  ];
}

function catchMutation(
  name: string,
  { ErrorEquals }: { ErrorEquals: string[] },
  index: number,
): Mutation {
  const [error = ''] = ErrorEquals;
  const faults: Readonly<Record<string, string>> = {
    'States.ALL': 'throws an unknown error',
    'States.HeartbeatTimeout': 'has every machine frozen',
  };
  return {
    name: `${name} without its Catch of ${ErrorEquals.join(', ')}`,
    mutate: (definition) => void stateOf(definition, name).Catch?.splice(index, 1),
    foundBy: { state: name, fault: faults[error] ?? `throws ${error} once` },
  };
}

/** A machine that hangs is what heartbeats are for; where there is none, a function that never tells. */
function heartbeatMutation(name: string, tasks: readonly TaskState[]): Mutation {
  const hasMachine = tasks.some((task) => task.name === name && task.hasMachine);
  return {
    name: `${name} without a heartbeat`,
    mutate: (definition) => {
      delete stateOf(definition, name).HeartbeatSeconds;
    },
    foundBy: {
      state: name,
      fault: hasMachine ? 'has its machine frozen' : 'has the calls of its function denied',
    },
  };
}

function eachState(machine: unknown): [string, State][] {
  const { States } = machine as Machine;
  return Object.entries(States).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...(state.ItemProcessor === undefined ? [] : eachState(state.ItemProcessor)),
  ]);
}

function stateOf(definition: unknown, wanted: string): State {
  const found = eachState(definition).find(([name]) => name === wanted);
  if (found === undefined) throw new Error(`the lifecycle has no state ${wanted}`);
  return found[1];
}

/** Writes a mutated template in place of an assembly's. */
export function mutateTemplate(text: string, { mutate, change }: Mutation): string {
  const template = JSON.parse(text) as Template;
  change?.(template);
  const joined = textOf(template);
  const definition = joined.parse();
  mutate?.(definition);
  joined.write(definition);
  return JSON.stringify(template);
}

function readTemplate(assemblyDirectory: string): Template {
  const path = join(assemblyDirectory, 'Batch.template.json');
  return JSON.parse(readFileSync(path, 'utf8')) as Template;
}

/** The definition in a template: a text with intrinsics in it, for which marks stand meanwhile. */
function textOf({ Resources }: Template) {
  const machine = Object.values(Resources).find(
    ({ Type }) => Type === 'AWS::StepFunctions::StateMachine',
  )!;
  const { 'Fn::Join': parts } = machine.Properties.DefinitionString as {
    'Fn::Join': [string, unknown[]];
  };
  const intrinsics: unknown[] = [];
  const text = parts[1]
    .map((part) => (typeof part === 'string' ? part : `@@${intrinsics.push(part) - 1}@@`))
    .join('');
  return {
    parse: (): unknown => JSON.parse(text),
    write(definition: unknown): void {
      const pieces = JSON.stringify(definition).split(/@@(\d+)@@/);
      const written = pieces.map((piece, index) =>
        index % 2 === 0 ? piece : intrinsics[Number(piece)],
      );
      machine.Properties.DefinitionString = { 'Fn::Join': ['', written] };
    },
  };
}
