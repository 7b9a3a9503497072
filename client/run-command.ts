import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { Study } from '../workflow/model/code.ts';
import { parseTyped } from './arguments.ts';
import { exitCodes, UserError } from './exit-codes.ts';
import { interruptSignal } from './interrupt.ts';
import { refuseTelling } from './name-gate.ts';
import { createOutput, type Output } from './output.ts';
import { reportError } from './report-error.ts';

/** Milliseconds after Ctrl-C in which the work may stop in good order. */
const graceMs = 3_000;

/** What a command's work gets besides its own options. */
export interface CommandContext {
  readonly study: string;
  readonly output: Output;
  /** Aborts at Ctrl-C; the work then throws, in good order. */
  readonly signal: AbortSignal;
  /** Ids that `--json` tells with an error as well. */
  readonly ids: Record<string, string>;
}

/** Runs a command's work with the global options, and turns what it throws into an exit code. */
export async function runCommand(
  command: Command,
  work: (context: CommandContext) => Promise<void>,
): Promise<void> {
  const { study, json = false } = command.optsWithGlobals<{ study: string; json?: boolean }>();
  const output = createOutput({ json });
  const signal = interruptSignal();
  const ids = {};
  try {
    refuseTelling('study', parseTyped(Study, study), ["a person's name"]);
    await Promise.race([work({ study, output, signal, ids }), overdue(signal)]);
  } catch (error) {
    const isOwn = error instanceof UserError;
    const told = reportError(signal.aborted && !isOwn ? signal.reason : error);
    writeError(told, { json, output, ids });
    if (error === signal.reason) process.exit();
  }
}

/**
 * Rejects some seconds after Ctrl-C: a call that nobody answers cannot stop in good order. What is
 * on the disk is consistent at any moment, so the process may end as it is.
 */
async function overdue(signal: AbortSignal): Promise<never> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await sleep(graceMs, undefined, { ref: false });
  throw signal.reason;
}

/** Says what went wrong, as a sentence and with `--json` as an object, and sets the exit code. */
export function writeError(
  { failure, message, exitCode }: UserError,
  to: {
    readonly json: boolean;
    readonly output: Output;
    readonly ids?: Readonly<Record<string, string>>;
  },
): void {
  to.output.event('error', { error: failure, message }, `czar: ${message}`);
  if (to.json) to.output.result({ error: failure, message, exitCode, ...to.ids }, '');
  process.exitCode = exitCodes[failure];
}
