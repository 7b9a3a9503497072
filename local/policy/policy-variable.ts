import { globOf, literalGlob, type Glob } from './glob.ts';

/**
 * Reads a single-valued context key in any spelling; undefined when it is absent or holds several
 * values.
 */
export type VariableLookup = (key: string) => string | undefined;

const specialCharacters = new Set(['*', '?', '$']);

const knownKeys = new Set([
  'aws:currenttime',
  'aws:epochtime',
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principaltype',
  'aws:requestedregion',
  'aws:resourceaccount',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceip',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  'aws:username',
  'ec2:sourceinstancearn',
  'iot:clientid',
  'iot:connection.thing.thingname',
  's3:prefix',
]);

const knownFamilies = [
  'aws:principaltag/',
  'aws:requesttag/',
  'aws:resourcetag/',
  'kms:encryptioncontext:',
];

const placeholder = /\$\{([^}]*)\}/g;
const keyWithDefault = /^([^,']+)(?:,\s*'([^']*)')?$/;

/** Whether a policy string uses variables at all. */
export function hasVariables(text: string): boolean {
  return text.includes('${');
}

function isKnown(key: string): boolean {
  const name = key.toLowerCase();
  return (
    knownKeys.has(name) ||
    knownFamilies.some((family) => name.startsWith(family) && name !== family)
  );
}

/**
 * The first variable of a policy string that the evaluator cannot give a value to, if there is one.
 */
export function unknownVariable(text: string): string | undefined {
  for (const [, name = ''] of text.matchAll(placeholder)) {
    if (specialCharacters.has(name)) continue;
    const key = keyWithDefault.exec(name)?.[1];
    if (key === undefined || !isKnown(key)) return `\${${name}}`;
  }
  return hasVariables(text.replaceAll(placeholder, ''))
    ? 'a variable without its closing brace'
    : undefined;
}

/**
 * Puts the request's values in place of the variables; undefined when one has neither a value nor a
 * default.
 *
 * A value stands for itself: a `*` in a tag does not become a wildcard. `${*}`, `${?}` and `${$}`
 * are those characters.
 *
 * @see IAM User Guide, "IAM policy elements: Variables and tags"
 */
export function expandVariables(text: string, lookup: VariableLookup): Glob | undefined {
  if (!hasVariables(text)) return globOf(text);
  const glob: (string | symbol)[] = [];
  let start = 0;
  for (const match of text.matchAll(placeholder)) {
    const name = match[1] ?? '';
    const [, key = '', fallback] = keyWithDefault.exec(name) ?? [];
    const value = specialCharacters.has(name) ? name : (lookup(key) ?? fallback);
    if (value === undefined) return undefined;
    glob.push(...globOf(text.slice(start, match.index)), ...literalGlob(value));
    start = match.index + match[0].length;
  }
  return [...glob, ...globOf(text.slice(start))];
}
