import type { Command } from 'commander';
import { openAccessLog } from '../../audit/access/open-access-log.ts';
import { digestAssembly } from '../../audit/assembly-digests.ts';
import type { Bundle } from '../../audit/bundle/bundle.ts';
import { composeBundle } from '../../audit/bundle/compose-bundle.ts';
import { kmsSigner } from '../../audit/bundle/kms-signer.ts';
import type { EvidenceSigner } from '../../audit/bundle/signer.ts';
import { zipBundle } from '../../audit/bundle/zip-bundle.ts';
import { EvidenceError } from '../../audit/evidence-error.ts';
import { readRunEvidence } from '../../audit/read-run-record.ts';
import { readZip } from '../../audit/verify/read-zip.ts';
import { fingerprint } from '../../audit/verify/signature-checks.ts';
import { verifyOpened } from '../../audit/verify/verify-bundle.ts';
import { batchOrArn } from '../arguments.ts';
import { type Deployment, openDeployment } from '../deployment.ts';
import { type EvidenceRun, findRun } from '../evidence/find-run.ts';
import { fetchStored } from '../evidence/stored-evidence.ts';
import { writeBundle } from '../evidence/write-bundle.ts';
import { UserError } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { runCommand } from '../run-command.ts';

interface Options {
  readonly out?: string;
  readonly accessLog?: string;
  readonly assembly?: string;
  readonly folder: boolean;
  readonly zip: boolean;
}

const epilogue = `
Without --access-log and --assembly it fetches what the deployment wrote by itself
after the end of the run, which has neither. With one of them it composes the
evidence anew, and signs it with the deployment's key: the signing is on record with
your session. Either way it is verified before it is written; what exists is never
replaced, and nothing is left behind by a failure. Needs the auditor's role. Of a
batch, the execution that opened it last is meant, and of that the last run.`;

/** `czar evidence export`: the evidence of an execution, as a folder and a zip that anybody can verify. */
export function addEvidenceExportCommand(evidence: Command): void {
  evidence
    .command('export')
    .summary('write the evidence of an execution, as a folder and a zip')
    .description(
      'Writes evidence-<batch>-<execution>-<redrive>/ and the same as .zip: signed, and free of PHI.',
    )
    .argument('<run>', "a batch's id, or an execution's ARN", batchOrArn)
    .option('--out <folder>', 'where to (default: the folder that you are in)')
    .option('--access-log <path>', 'a file or folder: .jsonl, or .json.gz as CloudTrail delivers')
    .option('--assembly <folder>', 'the folder of cdk synth, to list digests of what it holds')
    .option('--no-folder', 'only the zip')
    .option('--no-zip', 'only the folder')
    .addHelpText('after', epilogue)
    .action((given: string, options: Options, command: Command) =>
      runCommand(command, async ({ study, output, signal }) => {
        const { out = '.', folder, zip } = options;
        if (!folder && !zip) throw new UserError('usage', 'there is nothing to write');
        const deployment = await openDeployment(study);
        const run = await findRun(deployment, given);
        const signer = kmsSigner(deployment.kms, deployment.settings.evidenceKeyArn);
        const bytes = await readable(obtain(deployment, run, { signer, options, output }));
        const key = fingerprint(await signer.publicKeyPem());
        const bundle = verified(bytes, key, run);
        signal.throwIfAborted();
        await writeBundle(out, bundle, bytes, { folder, zip });
        const written = [...(folder ? [bundle.name] : []), ...(zip ? [`${bundle.name}.zip`] : [])];
        output.result(
          { executionArn: run.executionArn, written, bytes: bytes.length, keyFingerprint: key },
          written.join('\n'),
        );
      }),
    );
}

interface Work {
  readonly signer: EvidenceSigner;
  readonly options: Options;
  readonly output: Output;
}

/** The zip of a run: as it is stored, or composed anew where there is more to tell. */
async function obtain(
  deployment: Deployment,
  run: EvidenceRun,
  { signer, options, output }: Work,
): Promise<Uint8Array> {
  const { settings, s3, sfn, ledger } = deployment;
  const { study } = settings;
  if (options.accessLog === undefined && options.assembly === undefined) {
    output.event('fetching', {}, 'fetching the evidence that the deployment wrote');
    return fetchStored(s3, settings.logBucket, { study, ...run });
  }
  output.event('reading', {}, 'reading history, ledger and what was given');
  const digests = options.assembly === undefined ? undefined : await digest(options.assembly);
  const evidence = await readRunEvidence(
    {
      study,
      sfn,
      ledger,
      digests,
      ...(options.accessLog !== undefined && { accessLog: recordsOf(options.accessLog) }),
    },
    run.executionArn,
  );
  output.event('composing', {}, 'composing the evidence, and having it signed');
  return zipBundle(
    await composeBundle(evidence, { signer, writtenBy: 'auditor', now: new Date() }),
  );
}

async function* recordsOf(path: string) {
  let isEmpty = true;
  for await (const { record } of openAccessLog(path)) {
    isEmpty = false;
    yield record;
  }
  if (isEmpty) throw new EvidenceError('the access log has no record: it would tell of nobody');
}

async function digest(assembly: string) {
  try {
    return await digestAssembly(assembly);
  } catch (error) {
    if (error instanceof EvidenceError) throw error;
    // The system's message repeats the path.
    throw new UserError('badInput', 'what --assembly names cannot be read', { cause: error });
  }
}

async function readable<Read>(reading: Promise<Read>): Promise<Read> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new UserError('badInput', error.message, { cause: error });
  }
}

/** Nobody is handed evidence that does not verify, or of another run than they asked for. */
function verified(bytes: Uint8Array, key: string, run: EvidenceRun): Bundle {
  const { checks, run: found } = verifyOpened({ container: 'zip', bytes }, { key });
  const failed = checks.find(({ passed }) => !passed);
  if (failed !== undefined) {
    throw new UserError(
      'failed',
      `the evidence does not verify (${failed.name}: ${failed.problems[0] ?? ''}): nothing was written`,
    );
  }
  if (found?.executionHash !== run.executionHash || found.redrive !== run.redrive) {
    throw new UserError('failed', 'what is stored is evidence of another run: nothing was written');
  }
  const { folder, files } = readZip(bytes);
  return { name: folder, files };
}
