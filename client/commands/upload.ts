import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { batchIdLength, mintCode } from '../../workflow/model/code.ts';
import { ManifestEntry } from '../../workflow/model/manifest.ts';
import { detectNames } from '../../workflow/model/name-detector.ts';
import { batchId, wholeNumber } from '../arguments.ts';
import { BatchUnusableError } from '../exit-codes.ts';
import { type Deployment, openDeployment } from '../deployment.ts';
import { type CommandContext, runCommand } from '../run-command.ts';
import { type Scan, scanFiles } from '../upload/scan-files.ts';
import { uploadBatch, type UploadResult } from '../upload/upload-batch.ts';

interface Options {
  readonly batch?: string;
  readonly mediaType?: string;
  readonly parallel: number;
  readonly allowDuplicates?: boolean;
}

function mediaType(text: string): string {
  const read = ManifestEntry.shape.mediaType.safeParse(text);
  if (read.success && detectNames(text).length === 0) return read.data;
  throw new InvalidArgumentError('It must be a media type like text/csv.');
}

const epilogue = `
What happens:
  Each file is encrypted on this machine, complete, before a byte of it is sent.
  It is stored under an id that tells nothing; its name travels in the batch's
  encrypted manifest. The manifest is sent last, and seals the batch: nothing can
  be added to it, and it can be started.

After an interruption (exit code 75 or 130, a full disk, a crash), give the same
paths and --batch <id>: only what is missing is sent. What that takes is kept in
  $CZAR_STATE, or $XDG_STATE_HOME/czar, or ~/.local/state/czar
one folder per batch: a journal without names, and ciphertext that waits. It needs
as much free disk as the --parallel largest files. Memory: 8 MiB for each of
--parallel, and for files above 80 GB a ten-thousandth of their size.

Refused, with nothing sealed (exit code 65): an empty or unreadable file, a folder
without files, the same file twice, two files of one content, a file that changes
while it is read, a batch that is sealed or was begun on another machine. Hidden
files in folders are left out.

Files are called by number: in the order of the command line and, in a folder, of
sorted paths. A name that looks like it tells a date, a person or the like is
warned of.`;

/** `czar upload`: encrypts files on this machine and stores them as a sealed batch. */
export function addUploadCommand(program: Command): void {
  program
    .command('upload')
    .summary('encrypt files here and store them as a batch')
    .description(
      'Encrypts files on this machine, stores them under opaque ids, and seals the batch.\n' +
        'The bucket takes only PUT: nothing can be read back, listed or overwritten.',
    )
    .argument('<paths...>', 'files, and folders to take all files of')
    .option('--batch <id>', 'go on with this batch; without it a new one is minted', batchId)
    .option('--media-type <type>', 'type of all files, where their endings do not tell', mediaType)
    .option('--parallel <n>', 'files, and requests, at once', wholeNumber(1, 32), 4)
    .option('--allow-duplicates', 'take files of the same content')
    .addHelpText('after', epilogue)
    .action((paths: string[], options: Options, command: Command) =>
      runCommand(command, async (context) => {
        const scan = await scanFiles(paths, options.mediaType);
        const deployment = await openDeployment(context.study);
        const id = options.batch ?? mintCode(batchIdLength, () => randomBytes(1).readUInt8());
        context.ids.batchId = id;
        announce(id, scan, context);
        const result = await upload(deployment, id, scan, options, context);
        const { batchId, objects, resumed, ciphertextBytes } = result;
        const earlier = resumed === 0 ? '' : `, ${resumed} of them stored before`;
        context.output.result(
          { ...result },
          `batch ${batchId} is sealed: ${objects} objects${earlier}, ${ciphertextBytes} bytes of ciphertext`,
        );
      }),
    );
}

/** Tells the batch's id before anything is sent: an upload that ends here can be resumed with it. */
function announce(batchId: string, { files, hidden }: Scan, { output }: CommandContext): void {
  const bytes = files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  output.event(
    'batch',
    { batchId, objects: files.length, bytes },
    `batch ${batchId}: ${files.length} files, ${(bytes / 1024 ** 2).toFixed(1)} MiB`,
  );
  if (hidden === 0) return;
  output.event('hidden', { entries: hidden }, `${hidden} hidden files or folders are left out`);
}

async function upload(
  deployment: Deployment,
  batchId: string,
  { files }: Scan,
  { parallel, allowDuplicates = false }: Options,
  { output, signal }: CommandContext,
): Promise<UploadResult> {
  try {
    return await uploadBatch(
      deployment,
      { batchId, files, parallel, allowDuplicates, signal },
      output,
    );
  } catch (error) {
    if (error instanceof BatchUnusableError) throw error;
    output.event(
      'not-sealed',
      { batchId },
      `batch ${batchId} is not sealed; to go on with it: czar upload <the same paths> --batch ${batchId}`,
    );
    throw error;
  }
}
