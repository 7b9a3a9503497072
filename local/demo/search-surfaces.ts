import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readNewEvents } from '../../client/watch/history-events.ts';
import type { Deployment } from '../../client/deployment.ts';
import { queryItems } from '../../ledger/table.ts';
import { pocACanaries } from '../../synthetic/poc-a.ts';
import type { LocalState } from '../run/local-state.ts';
import { countCanaries, countCanariesBelow } from './search-canaries.ts';
import type { Transcript } from './transcript.ts';

/** Searches all that is kept without encryption, and, to prove that the search works, the study itself. */
export async function searchSurfaces(
  { sfn, ledger }: Deployment,
  run: { executionArn: string; batchId: string },
  state: LocalState,
  study: string,
  transcript: Transcript,
): Promise<void> {
  const search = (what: string, text: string): void => {
    const found = countCanaries(text, pocACanaries);
    const searched = `${found} in ${what} (${text.length} characters)`;
    transcript.check(`no name in ${what}`, text.length > 0 && found === 0, searched);
  };
  const events = await readNewEvents(sfn, run.executionArn, 0);
  search('history', JSON.stringify(events));
  const items = await Array.fromAsync(queryItems(ledger, run.batchId, ''));
  search('ledger', JSON.stringify(items));
  search('queue', await readFile(join(state.directory, 'sqs', 'messages.jsonl'), 'utf8'));
  const files = await countCanariesBelow(state.directory, pocACanaries);
  transcript.check(
    'no name in files',
    files.files > 0 && files.found === 0,
    `${files.found} in ${files.files} files of the cloud: access log, function logs, mails, buckets`,
  );
  search('stdout', transcript.text);
  const inside = await countCanariesBelow(study, pocACanaries);
  transcript.check('names in inputs', inside.found > 0, `${inside.found} in the inputs themselves`);
}
