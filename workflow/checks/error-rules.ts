/** A retrier or a catcher. */
export interface ErrorRule {
  readonly ErrorEquals: readonly string[];
}

/**
 * The names of each rule that an earlier rule of the list takes already.
 *
 * `States.ALL` takes everything, `States.TaskFailed` every error that is not Step Functions' own, and
 * `States.Timeout` missed heartbeats as well.
 */
export function takenNames(rules: readonly ErrorRule[]): string[][] {
  return rules.map(({ ErrorEquals }, i) => {
    const earlier = new Set(rules.slice(0, i).flatMap((rule) => rule.ErrorEquals));
    return ErrorEquals.filter(
      (name) =>
        earlier.has(name) ||
        earlier.has('States.ALL') ||
        (earlier.has('States.TaskFailed') && !name.startsWith('States.')) ||
        (earlier.has('States.Timeout') && name === 'States.HeartbeatTimeout'),
    );
  });
}

/** The rules that no error ever reaches, by index. */
export function hiddenErrorRules(rules: readonly ErrorRule[]): ReadonlySet<number> {
  const taken = takenNames(rules);
  return new Set(
    rules.flatMap(({ ErrorEquals }, i) => (ErrorEquals.length === taken[i]?.length ? [i] : [])),
  );
}
