import { bundleName } from '../bundle/bundle.ts';
import { zipBundle } from '../bundle/zip-bundle.ts';
import { EvidenceError } from '../evidence-error.ts';
import type { RunRecord } from '../run-record.ts';
import { bagChecks, type Files, textOf } from './bag-checks.ts';
import { type Check, check } from './check.ts';
import { crateCheck } from './crate-check.ts';
import { eventChecks } from './event-checks.ts';
import { type OpenedBundle, openBundle } from './open-bundle.ts';
import { readZip, type ZippedBundle } from './read-zip.ts';
import { readBagInfo, readRecord, recordChecks } from './record-checks.ts';
import { fingerprint, signatureChecks } from './signature-checks.ts';
import { tableCheck } from './table-check.ts';

/** What a verifier knows besides the bundle. */
export interface Expectation {
  /** Fingerprint of the key that must have signed: see {@link fingerprint}. */
  readonly key?: string | undefined;
}

/** What came of a verification. */
export interface Verification {
  readonly passed: boolean;
  readonly container: OpenedBundle['container'];
  readonly checks: readonly Check[];
  /** What was not looked at, each with the reason. */
  readonly notChecked: readonly string[];
  /** Of the key in the bundle, where it is one. */
  readonly keyFingerprint?: string | undefined;
  /** What it is evidence of, where it has a record. */
  readonly run?:
    | {
        readonly study: string;
        readonly batchId?: string | undefined;
        readonly executionHash: string;
        readonly redrive: number;
        readonly status: string;
        readonly composedBy?: string | undefined;
        readonly composedAt?: string | undefined;
      }
    | undefined;
}

/**
 * Verifies a bundle, folder or zip, with nothing but what is in it: no network, no AWS.
 *
 * @throws EvidenceError where there is nothing that could be verified.
 */
export async function verifyBundle(
  path: string,
  expectation: Expectation = {},
): Promise<Verification> {
  return verifyOpened(await openBundle(path), expectation);
}

/** Verifies a bundle that was read; else as {@link verifyBundle}. */
export function verifyOpened(opened: OpenedBundle, { key }: Expectation = {}): Verification {
  const { container } = opened;
  const zipped = container === 'zip' ? unzip(opened.bytes) : undefined;
  if (typeof zipped === 'string') {
    return {
      passed: false,
      container,
      checks: [check('zip', zipMeans, [zipped])],
      notChecked: ['anything in the zip, because it cannot be read'],
    };
  }
  const [files, strangers] =
    opened.container === 'zip'
      ? [zipped?.files ?? new Map(), []]
      : [opened.files, opened.strangers];
  const { record, check: recordCheck } = readRecord(files);
  const checks = [
    ...(opened.container === 'zip' && zipped ? [zipCheck(opened.bytes, zipped, record)] : []),
    ...bagChecks(files, strangers),
    ...signatureChecks(files, key),
    recordCheck,
    ...(record === undefined ? [] : agreement(files, record)),
  ];
  return {
    passed: checks.every(({ passed }) => passed),
    container,
    checks,
    notChecked: notChecked(record, key),
    keyFingerprint: keyIn(files),
    run: record && runOf(files, record),
  };
}

function agreement(files: Files, record: RunRecord): Check[] {
  const told = readBagInfo(files);
  const declared = {
    count: told.get('Event-Count') ?? '',
    head: told.get('Event-Chain-Head') ?? '',
  };
  return [
    ...recordChecks(files, record),
    ...eventChecks(textOf(files, 'data/events.jsonl'), record, declared),
    crateCheck(files, record, { count: Number(declared.count), head: declared.head }),
    tableCheck(files, record),
  ];
}

const zipMeans = 'the zip is, byte by byte, the one that its files make';

function unzip(bytes: Uint8Array): ZippedBundle | string {
  try {
    return readZip(bytes);
  } catch (error) {
    if (error instanceof EvidenceError) return error.message;
    throw error;
  }
}

function zipCheck(
  bytes: Uint8Array,
  { folder, files }: ZippedBundle,
  record: RunRecord | undefined,
): Check {
  const again = zipBundle({ name: folder, files });
  const isSame = Buffer.from(bytes).equals(again);
  const at = isSame ? -1 : again.findIndex((byte, index) => byte !== bytes[index]);
  const expected = record && nameOf(record);
  return check('zip', zipMeans, [
    ...(at < 0 ? [] : [`byte ${at + 1} is another one`]),
    ...(at < 0 && !isSame ? ['it goes on where it should end'] : []),
    ...(expected === undefined || folder === expected
      ? []
      : ['its folder has not the name of the run']),
  ]);
}

const nameOf = ({ request, execution }: RunRecord): string =>
  bundleName({
    batchId: request.batchId,
    executionHash: execution.hash,
    redrive: execution.redrives,
  });

function runOf(files: Files, { study, request, execution }: RunRecord): Verification['run'] {
  const told = readBagInfo(files);
  return {
    study,
    batchId: request.batchId,
    executionHash: execution.hash,
    redrive: execution.redrives,
    status: execution.status,
    composedBy: told.get('Composed-By'),
    composedAt: told.get('Composed-At'),
  };
}

function keyIn(files: Files): string | undefined {
  try {
    return fingerprint(textOf(files, 'public-key.pem'));
  } catch (error) {
    if (error instanceof EvidenceError) return undefined;
    throw error;
  }
}

function notChecked(record: RunRecord | undefined, key: string | undefined): string[] {
  return [
    ...(key === undefined
      ? [
          'who signed: the key came with the bundle. Have its fingerprint told to you by another way, and name it with --key',
        ]
      : []),
    'whether what was recorded is true and complete: the deployment recorded it, and signed what it recorded',
    'report.html and graph.svg by what they say: they are as they were signed, record.json is what counts',
    'when it was signed: Composed-At is what the signer said',
    ...(record === undefined
      ? [
          'definition, bag info, events, history, crate and tables: they are compared with the record',
        ]
      : []),
    ...(record !== undefined && record.access === undefined
      ? ['who did what: the bundle was composed without an access log']
      : []),
    ...(record !== undefined && record.digests === undefined
      ? ['which templates and bundles were deployed: no cloud assembly was given']
      : []),
  ];
}
