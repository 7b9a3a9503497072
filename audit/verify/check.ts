/** One thing that was looked at, and what came of it. */
export interface Check {
  readonly name: string;
  /** What it says where it passes. */
  readonly means: string;
  readonly passed: boolean;
  /** What is wrong, where it did not pass; of many, the first ones. */
  readonly problems: readonly string[];
}

const mostProblems = 20;

/** Judges a check by what was found wrong. */
export function check(name: string, means: string, problems: readonly string[]): Check {
  const more = problems.length - mostProblems;
  return {
    name,
    means,
    passed: problems.length === 0,
    problems: [
      ...problems.slice(0, mostProblems),
      ...(more > 0 ? [`and ${more} more like these`] : []),
    ],
  };
}
