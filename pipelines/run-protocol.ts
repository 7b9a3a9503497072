import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How an entry ends. Any code that is not listed means: try again, and in the end give up. */
export const exitCode = {
  /** The results are in `CZAR_OUTPUT`. */
  done: 0,
  /** This object's data is bad; another try would end the same way. */
  badData: 65,
  /** What this project's own entries answer to anything unforeseen. */
  unforeseen: 70,
} as const;

/** The environment that an entry runs with. */
export const runVariable = {
  /** Process: a directory with the one decrypted file, `object`. Consolidate: one directory per object id. */
  input: 'CZAR_INPUT',
  /** An empty directory to write results to. */
  output: 'CZAR_OUTPUT',
  /** A directory of reference data. It may be empty. */
  reference: 'CZAR_REFERENCE',
  /** Process only: the object's opaque id. */
  objectId: 'CZAR_OBJECT_ID',
  /** Process only: the media type that the uploader declared. */
  mediaType: 'CZAR_MEDIA_TYPE',
  /** A directory for temporary files on the encrypted scratch volume, wiped after the run. */
  temporary: 'TMPDIR',
} as const;

/** The name of the decrypted file in the input directory of a process entry. */
export const objectFileName = 'object';

/** The file in `CZAR_OUTPUT` that may hold the reason code of exit 65. */
export const reasonFileName = '.reason';

/** The directories of a run. */
export interface RunDirectories {
  input: string;
  output: string;
  temporary: string;
}

/** The object's data is bad: its entry ends with 65 and this reason code, and is not tried again. */
export class BadDataError extends Error {
  override readonly name = 'BadDataError';
  readonly code = 'BadDataError';
  readonly reason: string;

  constructor(reason: string) {
    super(`The data is bad: ${reason}.`);
    this.reason = reason;
  }
}

/**
 * Runs an entry's work and sets the exit code that the protocol asks for.
 *
 * It prints nothing, not even an unforeseen error: an engine's message may quote a row.
 */
export async function runEntry(work: (run: RunDirectories) => Promise<void>): Promise<void> {
  try {
    const run = readDirectories(process.env);
    try {
      await work(run);
    } catch (error) {
      if (!(error instanceof BadDataError)) throw error;
      await writeFile(join(run.output, reasonFileName), `${error.reason}\n`);
      process.exitCode = exitCode.badData;
    }
  } catch {
    process.exitCode = exitCode.unforeseen;
  }
}

function readDirectories(environment: NodeJS.ProcessEnv): RunDirectories {
  const read = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === '') throw new Error(`${name} is not set.`);
    return value;
  };
  return {
    input: read(runVariable.input),
    output: read(runVariable.output),
    temporary: read(runVariable.temporary),
  };
}
