import { globOf, matchesGlob, type Glob } from './glob.ts';

/**
 * Parts of an ARN: `arn`, partition, service, region, account and the resource, which may hold
 * colons itself.
 */
const arnParts = 6;

/** The six parts of an ARN, or undefined for a text that is none. */
export function splitArn(arn: string): string[] | undefined {
  const parts = arn.split(':');
  if (parts[0] !== 'arn' || parts.length < arnParts) return undefined;
  return [...parts.slice(0, arnParts - 1), parts.slice(arnParts - 1).join(':')];
}

function splitGlob(glob: Glob): Glob[] {
  const parts: Glob[] = [];
  let start = 0;
  glob.forEach((token, index) => {
    if (token !== ':' || parts.length === arnParts - 1) return;
    parts.push(glob.slice(start, index));
    start = index + 1;
  });
  return [...parts, glob.slice(start)];
}

function matchesParts(pattern: readonly Glob[], arn: string): boolean {
  const parts = splitArn(arn);
  if (parts === undefined) return false;
  return parts.every((part, index) => matchesGlob(pattern[index] ?? [], part));
}

/**
 * Whether an ARN fits the pattern of an ARN condition operator: part by part, so that a `*` never
 * runs across one of the first five colons. A value with fewer than six parts fits nothing.
 *
 * @see IAM User Guide, "IAM JSON policy elements: Condition operators", section on ARN operators
 */
export function matchesArn(pattern: Glob, arn: string): boolean {
  return matchesParts(splitGlob(pattern), arn);
}

/**
 * Whether a requested resource fits one entry of a `Resource` or `NotResource` element.
 *
 * As for ARN conditions, except that `*` alone fits everything (also the `*` of an action without a
 * resource) and that an incomplete pattern such as `arn:aws:sqs` is completed with `*`. Within the
 * last part `*` runs across `/` and `:`.
 *
 * @see IAM User Guide, "IAM JSON policy elements: Resource"
 */
export function matchesResource(pattern: Glob, resource: string): boolean {
  const wildcard = globOf('*');
  if (pattern.length === 1 && pattern[0] === wildcard[0]) return true;
  const parts = splitGlob(pattern);
  while (parts.length < arnParts) parts.push(wildcard);
  return matchesParts(parts, resource);
}
