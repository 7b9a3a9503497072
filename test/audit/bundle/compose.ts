import { type BundleOptions, composeBundle } from '../../../audit/bundle/compose-bundle.ts';
import type { Bundle } from '../../../audit/bundle/bundle.ts';
import type { RunEvidence } from '../../../audit/read-run-record.ts';
import { localSigner } from '../../support/local-signer.ts';

/** The signer of the tests' bundles. */
export const signer = localSigner();

/** Composes a bundle at a fixed time. */
export const compose = (
  evidence: RunEvidence,
  options: Partial<BundleOptions> = {},
): Promise<Bundle> =>
  composeBundle(evidence, {
    signer,
    writtenBy: 'auditor',
    now: new Date('2026-11-24T08:00:00.000Z'),
    ...options,
  });

/** A file of a bundle, as text. */
export const textIn = ({ files }: Bundle, path: string): string =>
  Buffer.from(files.get(path)!).toString('utf8');
