import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/**
 * Leaves out of a bundle what the AWS SDK brings along and nothing of ours uses.
 *
 * Of EC2's schemas alone, which describe 800 operations, it keeps some 25 KB of 540: those of the
 * commands that are imported. Where a later SDK is written otherwise, its bundles are as right as
 * before and larger, and the test of their size tells.
 */
export const leanSdk: Plugin = {
  name: 'lean-sdk',
  setup(build) {
    build.onLoad(
      { filter: /@aws-sdk\/client-[^/]+\/dist-es\/schemas\/\w+\.js$/ },
      async ({ path }) => ({ contents: withLiteralKeys(await readFile(path, 'utf8')) }),
    );
    // A client takes its version from there, and esbuild the whole file.
    build.onLoad({ filter: /@aws-sdk\/client-[^/]+\/package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
    // Loaded at the first event stream, and no operation that we call has one.
    build.onResolve({ filter: /^@smithy\/core\/event-streams$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

/**
 * Writes the keys of a schema's traits as what they are: `{ [_xN]: … }`, where `_xN` is a constant
 * of the same module, becomes `{ "xmlName": … }`.
 *
 * To esbuild a computed key may have a side effect, so it keeps every schema with one, used or not.
 */
export function withLiteralKeys(schemas: string): string {
  const constants = new Map(
    Array.from(schemas.matchAll(/^const (\w+) = ("[^"\\]*");$/gm), ([, name, text]) => [
      name,
      text,
    ]),
  );
  return schemas.replace(/\[(\w+)\]:/g, (key: string, name: string) => {
    const text = constants.get(name);
    return text === undefined ? key : `${text}:`;
  });
}
