/** One thing wrong with a definition, and where, e.g. `/States/Deliver Key/Retry[0]/JitterStrategy`. */
export interface DefinitionProblem {
  readonly path: string;
  readonly reason: string;
}

/** The definition is valid ASL, or may be, but asks for something this interpreter does not do. */
export class UnsupportedDefinitionError extends Error {
  override readonly name = 'UnsupportedDefinitionError';
  readonly problems: readonly DefinitionProblem[];

  constructor(problems: readonly DefinitionProblem[]) {
    super(describe('not supported by the embedded Step Functions', problems));
    this.problems = problems;
  }
}

/** AWS would not accept the definition either. */
export class InvalidDefinitionError extends Error {
  override readonly name = 'InvalidDefinitionError';
  readonly problems: readonly DefinitionProblem[];

  constructor(problems: readonly DefinitionProblem[]) {
    super(describe('invalid state machine definition', problems));
    this.problems = problems;
  }
}

function describe(title: string, problems: readonly DefinitionProblem[]): string {
  return `${title}: ${problems.map(({ path, reason }) => `${path} ${reason}`).join('; ')}`;
}

/** Writes a path the way AWS's own validator does: members after slashes, array elements in brackets. */
export function formatPath(path: readonly PropertyKey[]): string {
  return (
    path.map((part) => (typeof part === 'number' ? `[${part}]` : `/${String(part)}`)).join('') ||
    '/'
  );
}
