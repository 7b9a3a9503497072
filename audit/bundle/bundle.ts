import { tableNames } from './table-columns.ts';

/** A bag of evidence: its folder's name, and its files by their paths in the folder. */
export interface Bundle {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The run that a bundle is of. */
export interface BundledRun {
  /** Absent where the execution named none. */
  readonly batchId?: string | undefined;
  readonly executionHash: string;
  /** Redrives of the execution: its evidence before a redrive is another bundle. */
  readonly redrive: number;
}

/** Name of a bundle's folder, and of its zip without the ending. */
export function bundleName({ batchId = 'none', executionHash, redrive }: BundledRun): string {
  return `evidence-${batchId}-${executionHash}-${redrive}`;
}

/** Files beside the payload that the tag manifest lists. */
export const listedTags = [
  'bag-info.txt',
  'bagit.txt',
  'manifest-sha512.txt',
  'public-key.pem',
] as const;

export const tagManifest = 'tagmanifest-sha512.txt';
export const signatureFile = 'signature.der';

/** The graph is absent where the definition is not one of a batch: see `writeReport`. */
export const optionalFile = 'data/graph.svg';

/** Every file that a bundle has. No other name is read or written. */
export const bundleFiles: readonly string[] = [
  ...listedTags,
  tagManifest,
  signatureFile,
  'data/definition.asl.json',
  'data/events.jsonl',
  'data/record.json',
  'data/report.html',
  'data/ro-crate-metadata.json',
  ...tableNames.map((name) => `data/${name}`),
  optionalFile,
];
