import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A mail as the embedded cloud sent it, without its sender and recipients. */
export interface SentMail {
  /** Counts from the first that was sent. */
  readonly number: number;
  readonly sentAt: string | undefined;
  readonly subject: string;
  readonly text: string;
}

/** Mails that are shown. */
const most = 50;

/** Reads the mails that were sent last, newest first. */
export async function readSentMails(folder: string): Promise<SentMail[]> {
  const names = await readdir(folder).catch(() => []);
  const last = names
    .filter((name) => /^[0-9]+\.eml$/.test(name))
    .toSorted()
    .toReversed()
    .slice(0, most);
  return Promise.all(
    last.map(async (name) => readMail(name, await readFile(join(folder, name), 'utf8'))),
  );
}

function readMail(name: string, mail: string): SentMail {
  const [head = '', ...body] = mail.split('\r\n\r\n');
  const date = Date.parse(/^Date: (.*)$/m.exec(head)?.[1] ?? '');
  return {
    number: Number.parseInt(name),
    sentAt: Number.isNaN(date) ? undefined : new Date(date).toISOString(),
    subject: /^Subject: (.*)$/m.exec(head)?.[1]?.trim() ?? '',
    text: body.join('\r\n\r\n').trimEnd(),
  };
}
