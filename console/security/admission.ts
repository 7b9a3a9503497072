import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { PageError } from '../page/error-page.ts';

/** Who may look: whoever has the address that was printed, once, and from then on its cookie. */
export interface Keys {
  /** Stands in the address that is printed. */
  readonly token: string;
  /** Stands in the cookie: whoever sees one does not know the other. */
  readonly session: string;
  /** Stands in forms. */
  readonly form: string;
}

const random = (): string => randomBytes(32).toString('base64url');

/** Makes the keys of one console; they end with its process. */
export const mintKeys = (): Keys => ({ token: random(), session: random(), form: random() });

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares without telling by its time where two texts differ. */
export const isSame = (one: string, other: string): boolean =>
  timingSafeEqual(digest(one), digest(other));

/** Cookies do not know ports: two consoles on one machine must not take each other's. */
const cookieName = (origin: string): string => `czar-console-${new URL(origin).port}`;

/**
 * Refuses requests for another host than the console's own.
 *
 * A page whose name was made to resolve to this machine (DNS rebinding) has its own name in `Host`.
 */
export function requireOwnHost(origin: string): MiddlewareHandler {
  const { host } = new URL(origin);
  return async ({ req }, next) => {
    if (req.header('host') !== host) {
      throw new PageError({
        status: 403,
        code: 'WRONG_HOST',
        sentence: 'The console answers only at the address that it printed when it was started.',
      });
    }
    await next();
  };
}

/** Takes the token out of the address into a cookie; refuses whoever has neither. */
export function requireKey(origin: string, keys: Keys): MiddlewareHandler {
  return async (context, next) => {
    const given = context.req.query('token');
    if (given !== undefined) return takeToken(context, given, origin, keys);
    const session = getCookie(context, cookieName(origin));
    if (session === undefined) throw refused(401, 'NO_KEY');
    if (!isSame(session, keys.session)) throw refused(403, 'OLD_KEY');
    await next();
    return undefined;
  };
}

function takeToken(context: Context, given: string, origin: string, keys: Keys): Response {
  if (context.req.method !== 'GET' || !isSame(given, keys.token)) throw refused(403, 'WRONG_KEY');
  setCookie(context, cookieName(origin), keys.session, {
    httpOnly: true,
    sameSite: 'Strict',
    path: '/',
  });
  return context.redirect('/runs', 303);
}

function refused(status: 401 | 403, code: string): PageError {
  return new PageError({
    status,
    code,
    sentence:
      'Open the console by the whole address that it printed in its terminal; if that is gone, start it again with czar console.',
  });
}
