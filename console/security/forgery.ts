import type { MiddlewareHandler } from 'hono';
import { PageError } from '../page/error-page.ts';
import { isSame } from './admission.ts';

/** The form's field with its key. */
export const formKey = 'form-key';

/**
 * Refuses what a page other than the console's own sends.
 *
 * Under `Referrer-Policy: no-referrer` browsers send `Origin: null` with a form, and none with a script's
 * request, to their own site, too: then `Sec-Fetch-Site`, which no page can set, has to say that it was
 * its own.
 */
export function requireOwnForm(origin: string, key: string): MiddlewareHandler {
  return async ({ req }, next) => {
    const from = req.header('origin') ?? 'null';
    const site = req.header('sec-fetch-site');
    const isOwn =
      from === origin
        ? site === undefined || site === 'same-origin'
        : from === 'null' && site === 'same-origin';
    if (!isOwn) throw refused('WRONG_ORIGIN');
    const given = (await req.parseBody())[formKey];
    if (typeof given !== 'string' || !isSame(given, key)) throw refused('WRONG_FORM');
    await next();
  };
}

const refused = (code: string): PageError =>
  new PageError({
    status: 403,
    code,
    sentence: 'This did not come from a form of this console: open the form again, and send it.',
  });
