import { describe, expect, it } from 'vitest';
import { consoleOf, keys, origin, recordedStudy } from './recorded-study.ts';

const study = await recordedStudy();
const { app } = consoleOf(study.sources());
const host = '127.0.0.1:8741';
const ask = (path: string, headers: Record<string, string> = {}) =>
  app.request(origin + path, { headers: { host, ...headers } });

describe('admission to the console', () => {
  it('takes the token of the printed address into a cookie, and out of the address', async () => {
    const answer = await ask(`/?token=${keys.token}`);

    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/runs');
    const cookie = answer.headers.get('set-cookie');
    expect(cookie).toBe(`czar-console-8741=${keys.session}; Path=/; HttpOnly; SameSite=Strict`);
    const inside = await ask('/runs', { cookie: cookie?.split(';')[0] ?? '' });
    expect(inside.status).toBe(200);
  });

  it.each([
    ['no key at all', '/runs', {}, 401],
    ['an old cookie', '/runs', { cookie: 'czar-console-8741=other' }, 403],
    ['the cookie of another port', '/runs', { cookie: `czar-console-1=${keys.session}` }, 401],
    ['a wrong token', '/?token=other', {}, 403],
    [
      'the token where the cookie belongs',
      '/runs',
      { cookie: `czar-console-8741=${keys.token}` },
      403,
    ],
    ['no key for what does not exist', '/nothing', {}, 401],
  ])(
    'refuses %s, says what to do, and nothing of the study',
    async (_what, path, headers, status) => {
      const answer = await ask(path, headers);

      const page = await answer.text();
      expect(answer.status).toBe(status);
      expect(page).toContain('Open the console by the whole address that it printed');
      expect(page).not.toContain('Study');
      expect(page).not.toContain('/batches');
    },
  );

  it.each(['evil.example:8741', 'localhost:8741', '127.0.0.1:80', '127.0.0.1'])(
    'refuses a request for the host %s, even with the cookie',
    async (other) => {
      const cookie = `czar-console-8741=${keys.session}`;

      const answer = await app.request(`${origin}/runs`, { headers: { host: other, cookie } });

      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('WRONG_HOST');
    },
  );

  it('keeps the style open to whoever has to read how to get in', async () => {
    const answer = await ask('/static/console.css');

    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/css; charset=utf-8');
  });
});

describe('every answer', () => {
  it.each(['/runs', '/nothing', '/static/console.js', `/?token=${keys.token}`, '/runs?status=x'])(
    'is fenced: %s',
    async (path) => {
      const cookie = `czar-console-8741=${keys.session}`;
      for (const answer of [await ask(path), await ask(path, { cookie })]) {
        const policy = answer.headers.get('content-security-policy');

        expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self' 'sha256-/);
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).not.toMatch(/unsafe|http|\*/);
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      }
    },
  );

  it('asks for nothing outside, and has no script or style of its own in a page', async () => {
    const { text } = consoleOf(study.sources());

    for (const path of ['/runs', '/start', '/batches', '/mails', '/questions', '/sensors']) {
      const page = await text(path);

      expect(page.match(/(?:src|href|action)="(?!\/|#)[^"]*"/g)).toBeNull();
      expect(page).not.toMatch(/<style|style="|<script>|\son[a-z]+=/);
    }
  });
});
