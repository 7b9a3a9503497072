import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * What reaches past a test into its process: mocks of modules and of client classes, spies, faked
 * time, the environment, the current folder.
 */
const touchesProcess = [
  /\bmockClient\(/,
  /\bvi\s*\.\s*(?:do)?(?:mock|unmock|resetModules|spyOn|stubEnv|stubGlobal|useFakeTimers)\(/i,
  /\bprocess\.(?:chdir|umask)\(/,
  /\bprocess\.env(?:\.\w+|\[[^\]]+\])\s*(?:\?\?|\|\|)?=(?!=)/,
  /\bdelete process\.env\b/,
  /\bObject\.assign\(process\.env\b/,
  /\bglobalThis(?:\.\w+|\[[^\]]+\])\s*=(?!=)/,
];

/** Says whether a test's text changes what other tests of its process see. */
export const needsOwnProcess = (source: string): boolean =>
  touchesProcess.some((pattern) => pattern.test(source));

/** Tests of whole batches, which have projects of their own. */
export const otherTests = ['test/{browser,e2e,failures,mutations}/**'] as const;

/** What a file of `test/` imports from there; other folders' code is the product. */
function testImports(path: string, source: string): string[] {
  return [...source.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+\.ts)'/g)]
    .map(([, specifier = '']) => join(dirname(path), specifier))
    .filter((its) => its.startsWith('test/'));
}

/**
 * The unit tests that get a process of their own, because they, or a file of `test/` that they
 * import, touch it. All others share one: what they import is then loaded once, and not 200 times.
 *
 * @param root The project's folder; the paths are relative to it.
 */
export function filesOfOwnProcess(root: string): string[] {
  const known = new Map<string, boolean>();
  const needs = (path: string): boolean => {
    const answer = known.get(path);
    if (answer !== undefined) return answer;
    // A circle of imports ends here; the files of it answer for themselves.
    known.set(path, false);
    const source = readFileSync(join(root, path), 'utf8');
    const found = needsOwnProcess(source) || testImports(path, source).some(needs);
    known.set(path, found);
    return found;
  };
  return globSync('test/**/*.test.ts', { cwd: root, exclude: [...otherTests] })
    .filter(needs)
    .sort();
}
