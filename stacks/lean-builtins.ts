import { isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';

const namespace = 'required-builtin';

/**
 * Lets an ES module bundle load Node's own modules by `require`, which its banner has to define.
 *
 * An `import` of one reads all its exports, wanted or not, and to read those of `node:http` loads
 * Node's WebSocket client: 30 ms of processor time at every start of a process.
 */
export const leanBuiltins: Plugin = {
  name: 'lean-builtins',
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?[a-z0-9_]+(?:\/[a-z]+)?$/ }, ({ kind, path }) =>
      kind !== 'require-call' && isBuiltin(path) ? { path, namespace } : undefined,
    );
    build.onLoad({ filter: /./, namespace }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }));
  },
};
