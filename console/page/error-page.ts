import { UserError } from '../../client/exit-codes.ts';
import { reportError } from '../../client/report-error.ts';
import { EvidenceError } from '../../audit/evidence-error.ts';
import { markup } from './markup.ts';

/** An answer that is no page of anything: a code, and one sentence. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 500 | 502 | 503;
  readonly code: string;
  readonly sentence: string;
}

/** What a page throws that cannot be shown; the sentence repeats nothing that was asked. */
export class PageError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.sentence);
    this.name = 'PageError';
    this.refusal = refusal;
  }
}

/** A page that does not exist, or of something that does not. */
export const notFound = (sentence = 'There is no such page.'): PageError =>
  new PageError({ status: 404, code: 'NOT_FOUND', sentence });

/** Something in the address or the form that cannot be. Names the field. */
export const badInput = (sentence: string): PageError =>
  new PageError({ status: 400, code: 'BAD_INPUT', sentence });

/** Turns what was thrown into a code and a sentence; nothing of a stack, a value or a path is in it. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof PageError) return error.refusal;
  if (error instanceof EvidenceError) {
    return { status: 502, code: 'UNREADABLE', sentence: asSentence(error.message) };
  }
  const told = reportError(error);
  const sentence = asSentence(told.message);
  switch (told.failure) {
    case 'badInput':
    case 'usage':
      return { status: 400, code: 'BAD_INPUT', sentence };
    case 'denied':
      return { status: 502, code: 'DENIED', sentence };
    case 'unavailable':
    case 'tryAgain':
      return { status: 503, code: 'UNAVAILABLE', sentence };
    default: {
      const code = error instanceof UserError ? told.failure : 'DEFECT';
      return { status: 500, code, sentence: 'The console has a defect and cannot show this.' };
    }
  }
}

const asSentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;

/** The page of a refusal. */
export const RefusalContent = ({ code, sentence }: Refusal) =>
  markup`<h1>This cannot be shown</h1><p class="notice is-failed" role="alert"><code>${code}</code> ${sentence}</p>`;
