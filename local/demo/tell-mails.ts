import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalState } from '../run/local-state.ts';
import type { Transcript } from './transcript.ts';

/** Shows the mails of the run and keeps copies of them, because the cloud's own go with it. Answers their subjects. */
export async function tellMails(
  state: LocalState,
  folder: string,
  transcript: Transcript,
): Promise<readonly string[]> {
  await cp(state.mails, folder, { recursive: true });
  const subjects: string[] = [];
  for (const name of (await readdir(folder)).toSorted()) {
    const [head = '', body = ''] = (await readFile(join(folder, name), 'utf8')).split('\r\n\r\n');
    const subject = /^Subject: (.*)$/m.exec(head)?.[1]?.trim() ?? '';
    const to = /^To: (.*)$/m.exec(head)?.[1]?.trim() ?? '';
    subjects.push(subject);
    transcript.say(`  to ${to}: ${subject}`);
    for (const line of body.trimEnd().split('\n')) transcript.say(`    | ${line}`.trimEnd());
  }
  transcript.say(`  kept in ${folder}`);
  return subjects;
}
