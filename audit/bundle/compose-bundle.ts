import { EvidenceError } from '../evidence-error.ts';
import type { RunEvidence } from '../read-run-record.ts';
import { bagFiles } from './bag.ts';
import { type Bundle, bundleName } from './bundle.ts';
import type { EvidenceSigner } from './signer.ts';

/** Who composed a bundle: the deployment by itself after the end of a run, or an auditor. */
export type Writer = 'lifecycle' | 'auditor';

export interface BundleOptions {
  readonly signer: EvidenceSigner;
  readonly writtenBy: Writer;
  readonly now: Date;
}

/**
 * Composes the bundle of an execution that has ended, and has it signed.
 *
 * But for the signature, which ECDSA makes anew each time, the same evidence, writer and time give the
 * same bytes. Free of PHI as the record is: of events, closed fields only are taken.
 *
 * @throws EvidenceError where the execution runs: what has not ended is no evidence of how it ended.
 */
export async function composeBundle(
  evidence: RunEvidence,
  { signer, writtenBy, now }: BundleOptions,
): Promise<Bundle> {
  const { record, definitionText } = evidence;
  const { execution, request } = record;
  if (execution.status === 'RUNNING') {
    throw new EvidenceError('the execution has not ended: evidence of it is bundled when it has');
  }
  const name = bundleName({
    batchId: request.batchId,
    executionHash: execution.hash,
    redrive: execution.redrives,
  });
  const payload = new Map([
    ['record.json', `${JSON.stringify(record, null, 2)}\n`],
    ['definition.asl.json', definitionText],
  ]);
  return { name, files: await bagFiles({ name, payload, writtenBy, now }, signer) };
}
