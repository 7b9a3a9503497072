import {
  InvalidDefinitionError,
  UnsupportedDefinitionError,
} from '../../../local/asl/definition-error.ts';
import { runScripted } from '../../../local/asl/scripted.ts';
import { type Case, matchEvents, matchEventTypes, matchOutcome, type Mismatch } from './match.ts';

/** What became of one recorded execution. */
export interface Verdict {
  readonly id: string;
  /**
   * `unsupported`: the interpreter refuses the definition and names what it does not run. Whatever it
   * accepts is either as recorded or `failed`.
   */
  readonly verdict: 'passed' | 'failed' | 'unsupported';
  /** Where it differs from the recording, or what is refused; none for one that passed. */
  readonly reasons: readonly string[];
}

/**
 * Runs a recorded execution, and compares how it ends, its error and cause, and its whole history.
 *
 * Where AWS's history was not recorded, only the end is compared.
 */
export async function judge(recorded: Case): Promise<Verdict> {
  const { id } = recorded;
  try {
    const actual = await runScripted(recorded);
    const mismatches = [
      ...matchOutcome(recorded, actual),
      ...(recorded.expected.events === null
        ? []
        : [...matchEventTypes(recorded, actual.events), ...matchEvents(recorded, actual.events)]),
    ];
    return mismatches.length === 0
      ? { id, verdict: 'passed', reasons: [] }
      : { id, verdict: 'failed', reasons: mismatches.map(describeMismatch) };
  } catch (error) {
    if (error instanceof UnsupportedDefinitionError || error instanceof InvalidDefinitionError) {
      const verdict = error instanceof UnsupportedDefinitionError ? 'unsupported' : 'failed';
      return {
        id,
        verdict,
        reasons: error.problems.map(({ path, reason }) => `${path} ${reason}`),
      };
    }
    throw error;
  }
}

/** What `npm run conformance` prints: each case that did not pass with its reasons, then the numbers. */
export function report(verdicts: readonly Verdict[]): string[] {
  const of = (wanted: Verdict['verdict']) => verdicts.filter(({ verdict }) => verdict === wanted);
  const notPassed = [...of('unsupported'), ...of('failed')];
  return [
    ...notPassed.flatMap(({ id, verdict, reasons }) => [
      `${verdict}: ${id}`,
      ...reasons.map((reason) => `    ${reason}`),
    ]),
    JSON.stringify({
      passed: of('passed').length,
      failed: of('failed').length,
      unsupported: of('unsupported').length,
    }),
  ];
}

function describeMismatch({ path, expected, actual }: Mismatch): string {
  return `${path}: recorded ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
}
