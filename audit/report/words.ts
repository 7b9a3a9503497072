import type { Principal } from '../access/principal.ts';

/** A time of the record, to the second. The report says once that all are UTC. */
export const moment = (time: string | undefined): string =>
  time === undefined ? '' : `${time.slice(0, 10)} ${time.slice(11, 19)}`;

/** A count with its noun: `1 machine`, `3 machines`. */
export const counted = (count: number, noun: string, nouns = `${noun}s`): string =>
  `${grouped(count)} ${count === 1 ? noun : nouns}`;

/** A whole number with its thousands apart. The same everywhere: no locale decides. */
export const grouped = (count: number): string =>
  String(count).replace(/\B(?=(?:\d{3})+$)/g, '\u00a0');

/** Several words as one part of a sentence. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** How often each word is among words, the most frequent first. */
export function tally(words: readonly string[]): string {
  const counts = [...Map.groupBy(words, (word) => word)].map(
    ([word, all]) => [word, all.length] as const,
  );
  return listed(
    counts
      .toSorted(([, a], [, b]) => b - a)
      .map(([word, count]) => (count === 1 ? word : `${word} ×${count}`)),
  );
}

/** Who acted, short: a person's session, an instance's id, or the part of a role's name that tells. */
export function who(principal: Principal | undefined): string {
  if (principal === undefined) return '';
  const { kind, name, session } = principal;
  if (kind === 'worker') return session ?? name;
  if (session !== undefined) return `${session} (${name})`;
  return `${kind} ${shortName(name)}`;
}

/** A role's name without what CloudFormation put around it; the report has a table of the whole names. */
const shortName = (name: string): string =>
  name.replace(/Role[0-9A-F]{8}-[0-9A-Za-z]+$/, '').replace(/^.*-(?:Tasks|Events)(?=[A-Z])/, '');
