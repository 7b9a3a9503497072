import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';

/** Reads the body of a call as text. The gateway has bounded its length already. */
export function readBodyText(body: Readable): Promise<string> {
  return text(body);
}
