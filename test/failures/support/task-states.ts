import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** What has to go wrong, and where, for an execution to come by a state off the main path. */
export interface Detour {
  readonly state: string;
  readonly error: string;
}

/** A Task state of the synthesized lifecycle. */
export interface TaskState {
  readonly name: string;
  /** Whether a worker's answer ends it, not the function's. */
  readonly waitsForToken: boolean;
  /** Errors of our own that its retriers and catchers name, in their order. */
  readonly ownErrors: readonly string[];
  readonly detour: Detour | undefined;
  /** Whether a worker's machine runs when an execution comes by. */
  readonly hasMachine: boolean;
  /** Whether it is the one that launches that machine. */
  readonly launches: boolean;
}

const Named = z.looseObject({ ErrorEquals: z.array(z.string()) });
const State = z.looseObject({
  Type: z.string(),
  Resource: z.string().optional(),
  Arguments: z.looseObject({ FunctionName: z.string().default('') }).optional(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Retry: z.array(Named).default([]),
  Catch: z.array(Named.extend({ Next: z.string() })).default([]),
  ItemProcessor: z.unknown().optional(),
});
type State = z.infer<typeof State>;
const Machine = z.looseObject({ StartAt: z.string(), States: z.record(z.string(), State) });

/** A text with intrinsics in it; what an attribute is taken of stands for it. */
const Joined = z.object({
  'Fn::Join': z.tuple([
    z.literal(''),
    z.array(
      z.union([
        z.string(),
        z
          .object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) })
          .transform((at) => at['Fn::GetAtt'][0]),
        z.object({ Ref: z.string() }).transform(({ Ref }) => Ref),
      ]),
    ),
  ]),
});

/** An error that no retrier names, so that a catcher for everything takes it. */
const unforeseen = 'ProverDetourError';

/**
 * Reads the Task states of the lifecycle from a cloud assembly, those of the Map among them, and how
 * to come by each: the main path leads to most; to the others the catcher of the last state before
 * them that a worker answers to, because machines run then.
 *
 * @throws Error for a Task state that no single catcher leads to
 */
export function readTaskStates(assemblyDirectory: string): readonly TaskState[] {
  const states = new Map<string, State>();
  const start = collect(readDefinition(assemblyDirectory), states);
  const main = walk(states, start);
  return [...states]
    .filter(([, { Type }]) => Type === 'Task')
    .map(([name, state]) => {
      const detour = main.includes(name) ? undefined : detourTo(name, states, main);
      const before = pathTo(name, detour, states, main);
      const last = (task: string): number => before.findLastIndex((at) => calls(states, at, task));
      return {
        name,
        waitsForToken: state.Resource?.endsWith('.waitForTaskToken') === true,
        ownErrors: ownErrors(state),
        detour,
        hasMachine: last('LaunchWorker') > last('TerminateWorkers'),
        launches: calls(states, name, 'LaunchWorker'),
      };
    });
}

/** Whether a state calls a task's function, by the function's logical id. */
function calls(states: ReadonlyMap<string, State>, name: string, task: string): boolean {
  return states.get(name)?.Arguments?.FunctionName.includes(task) === true;
}

/** The states that an execution has passed when it comes by a state. */
function pathTo(
  name: string,
  detour: Detour | undefined,
  states: ReadonlyMap<string, State>,
  main: readonly string[],
): string[] {
  const end = (path: readonly string[], at: string): string[] => path.slice(0, path.indexOf(at));
  if (detour === undefined) return end(main, name);
  const caught = states
    .get(detour.state)
    ?.Catch.map(({ Next }) => walk(states, Next))
    .find((path) => path.includes(name));
  return [...end(main, detour.state), detour.state, ...end(caught ?? [], name)];
}

function readDefinition(assemblyDirectory: string): unknown {
  const path = join(assemblyDirectory, 'Batch.template.json');
  const template = z
    .looseObject({
      Resources: z.record(
        z.string(),
        z.looseObject({
          Type: z.string(),
          Properties: z.record(z.string(), z.unknown()).optional(),
        }),
      ),
    })
    .parse(JSON.parse(readFileSync(path, 'utf8')));
  const machines = Object.values(template.Resources).filter(
    ({ Type }) => Type === 'AWS::StepFunctions::StateMachine',
  );
  if (machines.length !== 1) throw new Error('the assembly must have one lifecycle');
  const definition = Joined.parse(machines[0]?.Properties?.DefinitionString);
  return JSON.parse(definition['Fn::Join'][1].join(''));
}

/** Adds a machine's states, and those of its Maps, to one list; answers where it starts. */
function collect(definition: unknown, into: Map<string, State>): string {
  const { StartAt, States } = Machine.parse(definition);
  for (const [name, state] of Object.entries(States)) {
    into.set(name, state);
    // What comes after the Map comes after its last iteration.
    if (state.ItemProcessor !== undefined) {
      const first = collect(state.ItemProcessor, into);
      into.set(name, { ...state, Default: first });
    }
  }
  return StartAt;
}

/** States in the order in which an execution meets them that nothing goes wrong in. */
function walk(states: ReadonlyMap<string, State>, start: string): string[] {
  const path: string[] = [];
  const visit = (name: string | undefined): void => {
    const state = name === undefined ? undefined : states.get(name);
    if (name === undefined || state === undefined || path.includes(name)) return;
    path.push(name);
    visit(state.Default);
    visit(state.Next);
  };
  visit(start);
  return path;
}

function ownErrors({ Retry, Catch }: State): string[] {
  const named = [...Retry, ...Catch].flatMap(({ ErrorEquals }) => ErrorEquals);
  return [...new Set(named.filter((name) => !/^(States|Lambda|Sandbox)\./.test(name)))];
}

function detourTo(
  target: string,
  states: ReadonlyMap<string, State>,
  main: readonly string[],
): Detour {
  const sources = main.filter((name) =>
    states.get(name)?.Catch.some(({ Next }) => walk(states, Next).includes(target)),
  );
  const answered = sources.filter((name) =>
    states.get(name)?.Resource?.endsWith('.waitForTaskToken'),
  );
  const state = answered.at(-1) ?? sources.at(-1);
  if (state === undefined) throw new Error(`no catcher leads to ${target}`);
  return { state, error: unforeseen };
}
