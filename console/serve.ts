/**
 * The process that is the console: `node serve.ts [--port <n>] [--open] [--aws] [--access-log <path>]`.
 *
 * Shows the embedded cloud that runs on this machine, and ends with it; else, or with `--aws`, the study's
 * deployment in AWS. Its first line on stdout is its address. Ctrl-C ends it.
 */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { UserError } from '../client/exit-codes.ts';
import { interruptSignal } from '../client/interrupt.ts';
import { createOutput } from '../client/output.ts';
import { reportError } from '../client/report-error.ts';
import { writeError } from '../client/run-command.ts';
import { type LocalCloud, localCloud } from './local-access.ts';
import { listen } from './listen.ts';
import { awsSources } from './sources.ts';

/** Milliseconds between two looks whether the embedded cloud, another process's child, is still there. */
const lookMs = 1_000;
const output = createOutput({ json: false });

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    open: { type: 'boolean', default: false },
    aws: { type: 'boolean', default: false },
    'access-log': { type: 'string' },
  },
});
const study = process.env.CZAR_STUDY ?? 'czarhipaa';

async function serve(signal: AbortSignal): Promise<void> {
  const local = values.aws ? undefined : await localCloud(study);
  const log = values['access-log'];
  const sources =
    local === undefined
      ? await awsSources(study, log)
      : { ...local.sources, ...(log !== undefined && { accessLog: log }) };
  const console = await listen({ sources, port: Number(values.port) });
  process.stdout.write(`${console.address}\n`);
  process.stderr.write('the console runs at this address, for whoever has it; Ctrl-C ends it\n');
  if (values.open) openBrowser(console.address);
  await untilEnd(signal, local);
  await console.close();
  if (signal.aborted) throw new UserError('interrupted', 'the console has ended');
}

/** Ctrl-C, or the end of the cloud that is shown. */
async function untilEnd(signal: AbortSignal, local: LocalCloud | undefined): Promise<void> {
  while (!signal.aborted && local?.isThere() !== false) {
    await wait(local === undefined ? 2 ** 30 : lookMs, undefined, { signal }).catch(
      () => undefined,
    );
  }
}

function openBrowser(address: string): void {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const opener = spawn(command, [address], { stdio: 'ignore', detached: true });
  opener.on('error', () => process.stderr.write('no browser could be opened: use the address\n'));
  opener.unref();
}

try {
  await serve(interruptSignal());
} catch (error) {
  writeError(reportError(error), { json: false, output });
}
process.exit();
