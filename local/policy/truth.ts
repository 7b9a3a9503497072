/**
 * The outcome of a comparison: `undefined` when it cannot be made.
 *
 * A value that is no number, a variable without a value, several values where one was expected: a
 * statement whose conditions come out `undefined` denies when its effect is Deny and does not allow
 * when its effect is Allow.
 */
export type Truth = boolean | undefined;

/** Logical OR: one certain truth is enough, whatever could not be compared. */
export function anyOf(truths: readonly Truth[]): Truth {
  if (truths.includes(true)) return true;
  return truths.includes(undefined) ? undefined : false;
}

/** Logical AND: one certain falsehood is enough, whatever could not be compared. */
export function allOf(truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : true;
}

/** Logical NOT: what could not be compared stays so. */
export function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}
