#!/usr/bin/env node
// The launcher of `czar`: finds a Node that can run the program, and says plainly when there is none.
import { spawn } from 'node:child_process';
import module, { createRequire } from 'node:module';
import { constants } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { nodeFits, nodeMessage } from './node-version.mjs';

/** Exit code for "what this needs is not there". */
const unavailable = 69;

/** The Node that `npm ci` installed, on the platforms where there is one. */
function pinnedNode() {
  try {
    return createRequire(import.meta.url).resolve(
      `node-${process.platform}-${process.arch}/bin/node`,
    );
  } catch {
    return undefined;
  }
}

function fail(message) {
  console.error(`czar: ${message}`);
  process.exit(unavailable);
}

/** Runs the program under another Node, which gets this process's signals, and ends as it ends. */
function runUnder(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends Ctrl-C to both; the program takes two of them at once for one.
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', () => fail('the Node that npm installed cannot be run: run "npm ci" again'));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** Where Node keeps what it compiled: with it a start takes half the time. Beside the packages, because it is code. */
const compiled = fileURLToPath(new URL('../node_modules/.cache/czar', import.meta.url));

if (nodeFits) {
  // Node before 22.1 has none, and a folder that cannot be written is none, either.
  module.enableCompileCache?.(compiled);
  try {
    await import('./czar.ts');
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    fail('its packages are not installed: run "npm ci" in its folder');
  }
} else {
  const node = pinnedNode();
  if (node === undefined) fail(nodeMessage);
  runUnder(node);
}
