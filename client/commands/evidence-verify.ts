import { readFile } from 'node:fs/promises';
import process from 'node:process';
import type { Command } from 'commander';
import { EvidenceError } from '../../audit/evidence-error.ts';
import { fingerprint } from '../../audit/verify/signature-checks.ts';
import { type Verification, verifyBundle } from '../../audit/verify/verify-bundle.ts';
import { exitCodes, UserError } from '../exit-codes.ts';
import { runCommand } from '../run-command.ts';

const epilogue = `
Needs no network, no credentials and no deployment. The exit code is 0 where every
check passed, and 1 where one did not. The key that signed travels in the bundle, so
it says nothing of who signed: have the fingerprint told to you by the study's
people (czar evidence key), and give it with --key.`;

/** `czar evidence verify`: checks evidence offline, and says what it checked. */
export function addEvidenceVerifyCommand(evidence: Command): void {
  evidence
    .command('verify')
    .summary('check evidence offline, and say what was checked')
    .description('Checks a folder or zip of evidence: bag, signature, chain of events, record.')
    .argument('<bundle>', 'a folder or zip that czar evidence export wrote')
    .option('--key <key>', "the signer's key: its fingerprint, or a PEM file of it")
    .addHelpText('after', epilogue)
    .action((path: string, { key }: { readonly key?: string }, command: Command) =>
      runCommand(command, async ({ output }) => {
        const expected = key === undefined ? undefined : await fingerprintOf(key);
        const verification = await verified(path, expected);
        output.result({ ...verification }, describe(verification));
        if (!verification.passed) process.exitCode = exitCodes.failed;
      }),
    );
}

async function fingerprintOf(key: string): Promise<string> {
  const hex = key.toLowerCase().replaceAll(':', '');
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  try {
    return fingerprint(await readFile(key, 'utf8'));
  } catch (error) {
    // The system's message repeats the path.
    throw new UserError('usage', '--key is neither a fingerprint nor a PEM file of such a key', {
      cause: error,
    });
  }
}

async function verified(path: string, key: string | undefined): Promise<Verification> {
  try {
    return await verifyBundle(path, { key });
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new UserError('badInput', error.message, { cause: error });
  }
}

function describe({ passed, checks, notChecked, keyFingerprint, run }: Verification): string {
  const widest = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap((each) => [
    `${each.passed ? 'ok    ' : 'FAILED'}  ${each.name.padEnd(widest)}  ${each.means}`,
    ...each.problems.map((problem) => `${' '.repeat(widest + 10)}- ${problem}`),
  ]);
  const failed = checks.filter((each) => !each.passed).length;
  return [
    ...(run === undefined
      ? []
      : [
          `evidence of execution ${run.executionHash} (redrive ${run.redrive}) of study ${run.study}, batch ${run.batchId ?? 'none'}: ${run.status}`,
        ]),
    ...lines,
    ...notChecked.map((each) => `not checked: ${each}`),
    ...(keyFingerprint === undefined ? [] : [`key in the bundle: ${keyFingerprint}`]),
    passed
      ? `VERIFIED: ${checks.length} checks passed`
      : `NOT VERIFIED: ${failed} of ${checks.length} checks failed`,
  ].join('\n');
}
