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
