import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A mail that was sent: nobody gets it but this folder. */
export interface SentMail {
  readonly messageId: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly sentAt: Date;
  /** The file it is kept in, as RFC 5322 writes a mail. */
  readonly path: string;
}

/** What a mail is made of. */
export interface Letter extends Omit<SentMail, 'path'> {
  readonly html: string;
}

/** A header line cannot break into two. */
function headerValue(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

function document({ messageId, from, to, subject, text, html, sentAt }: Letter): string {
  const type = text === '' ? 'html' : 'plain';
  return [
    `Message-ID: <${messageId}@email.amazonses.com>`,
    `Date: ${sentAt.toUTCString().replace('GMT', '+0000')}`,
    `From: ${headerValue(from)}`,
    `To: ${headerValue(to.join(', '))}`,
    `Subject: ${headerValue(subject)}`,
    'MIME-Version: 1.0',
    `Content-Type: text/${type}; charset=utf-8`,
    'Content-Transfer-Encoding: 8bit',
    '',
    text === '' ? html : text,
  ].join('\r\n');
}

/** Keeps the mails that SES would deliver, in the order in which they were sent. */
export class Mailbox {
  readonly directory: string;
  readonly #sent: SentMail[] = [];

  constructor(directory: string) {
    this.directory = directory;
  }

  async deliver(letter: Letter): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const number = String(this.#sent.length + 1).padStart(4, '0');
    const path = join(this.directory, `${number}.eml`);
    const { html, ...rest } = letter;
    this.#sent.push({ ...rest, text: letter.text === '' ? html : letter.text, path });
    await writeFile(path, document(letter), { mode: 0o600, flag: 'wx' });
  }

  list(): readonly SentMail[] {
    return [...this.#sent];
  }
}
