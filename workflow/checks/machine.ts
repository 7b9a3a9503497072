import * as z from 'zod';
import { CheckRefusedError } from './finding.ts';

const assign = z.record(z.string(), z.unknown()).optional();

const ErrorRule = z.looseObject({ ErrorEquals: z.array(z.string()).min(1) });

const Catcher = z.looseObject({ ...ErrorRule.shape, Next: z.string(), Assign: assign });

const ChoiceRule = z.looseObject({
  Condition: z.union([z.boolean(), z.string()]),
  Next: z.string(),
  Assign: assign,
});

const OwnFields = z.looseObject({
  Type: z.enum(['Task', 'Pass', 'Choice', 'Wait', 'Succeed', 'Fail', 'Parallel', 'Map']),
  QueryLanguage: z.string().optional(),
  Next: z.string().optional(),
  End: z.boolean().optional(),
  Default: z.string().optional(),
  Choices: z.array(ChoiceRule).optional(),
  Assign: assign,
  Retry: z.array(ErrorRule).optional(),
  Catch: z.array(Catcher).optional(),
  Resource: z.string().optional(),
  Arguments: z.unknown().optional(),
  TimeoutSeconds: z.union([z.number(), z.string()]).optional(),
  HeartbeatSeconds: z.union([z.number(), z.string()]).optional(),
  Error: z.string().optional(),
});

/** A state, as far as the checks read it. */
export type State = z.infer<typeof OwnFields> & {
  readonly Branches?: readonly Branch[];
  readonly ItemProcessor?: Branch;
};

/** States that run from one of them to an end: the machine, a Parallel's branch, a Map's processor. */
export interface Branch {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

const Branch: z.ZodType<Branch> = z.lazy(() =>
  z.looseObject({ StartAt: z.string(), States: z.record(z.string(), State) }),
);

const State: z.ZodType<State> = z.looseObject({
  ...OwnFields.shape,
  Branches: z.array(Branch).optional(),
  ItemProcessor: Branch.optional(),
});

/** A branch and where it stands. */
export interface Place {
  readonly path: string;
  readonly branch: Branch;
}

/**
 * Reads a definition, parsed JSON, as far as the checks need it.
 *
 * Fields that no check reads may be anything: whether the definition is valid is another tool's question.
 *
 * @throws CheckRefusedError for JSONPath, for a transition to nowhere and for what is no state machine.
 */
export function readMachine(definition: unknown): Branch {
  const machine = Branch.safeParse(definition);
  if (!machine.success) {
    const [issue] = machine.error.issues;
    throw new CheckRefusedError(`/${issue?.path.join('/') ?? ''} ${issue?.message ?? ''}`);
  }
  const language = z.looseObject({ QueryLanguage: z.literal('JSONata') }).safeParse(definition);
  if (!language.success) throw new CheckRefusedError('/QueryLanguage must be JSONata');
  for (const { path, branch } of placesOf(machine.data)) refuseUnreadable(path, branch);
  return machine.data;
}

/** The machine itself and every branch inside it. */
export function placesOf(branch: Branch, path = ''): Place[] {
  const inner = Object.entries(branch.States).flatMap(([name, state]) =>
    innerPlaces(state, statePath(path, name)).flatMap((place) =>
      placesOf(place.branch, place.path),
    ),
  );
  return [{ path, branch }, ...inner];
}

/** The branches right inside a state. */
export function innerPlaces(state: State, path: string): Place[] {
  return [
    ...(state.Branches ?? []).map((branch, i) => ({ path: `${path}/Branches[${i}]`, branch })),
    ...(state.ItemProcessor === undefined
      ? []
      : [{ path: `${path}/ItemProcessor`, branch: state.ItemProcessor }]),
  ];
}

/** Where a state of a branch stands. */
export function statePath(branchPath: string, name: string): string {
  return `${branchPath}/States/${name}`;
}

/** The function that a Task calls, as the definition names it; undefined for other services. */
export function functionOf({ Type, Resource, Arguments }: State): string | undefined {
  if (Type !== 'Task') return undefined;
  if (Resource?.includes(':lambda:') === true && !Resource.includes(':states:::')) return Resource;
  const call = z.looseObject({ FunctionName: z.string() }).safeParse(Arguments);
  return call.success ? call.data.FunctionName : undefined;
}

function refuseUnreadable(path: string, { StartAt, States }: Branch): void {
  const named = (at: string, target: string | undefined) => {
    if (target !== undefined && !(target in States)) {
      throw new CheckRefusedError(`${at} names no state of this branch`);
    }
  };
  named(`${path}/StartAt`, StartAt);
  for (const [name, state] of Object.entries(States)) {
    const at = statePath(path, name);
    if ((state.QueryLanguage ?? 'JSONata') !== 'JSONata') {
      throw new CheckRefusedError(`${at}/QueryLanguage must be JSONata`);
    }
    named(`${at}/Next`, state.Next);
    named(`${at}/Default`, state.Default);
    state.Choices?.forEach(({ Next }, i) => named(`${at}/Choices[${i}]/Next`, Next));
    state.Catch?.forEach(({ Next }, i) => named(`${at}/Catch[${i}]/Next`, Next));
  }
}
